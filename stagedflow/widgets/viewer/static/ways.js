/** Where a reader may go by a click, on one trace. `stepOf`: the player's step for one of the trace; `now`: the trace's step that is shown. */
export class Ways {
  constructor(player, { stepOf = (i) => i, now = () => player.step }) {
    Object.assign(this, { player, stepOf, now });
    for (const name of ["toEvent", "toLine", "toPlace"]) this[name] = this[name].bind(this);
  }

  toEvent(id) {
    const found = this.trace.stepsOfEvent(id);
    const at = found.indexOf(this.now());
    const worker = this.trace.worker(this.now());
    const target = at >= 0 ? found[(at + 1) % found.length] : found.find((i) => this.trace.worker(i) === worker) ?? found[0];
    if (target !== undefined) this.player.go(this.stepOf(target));
  }

  /** The next step in which the line ran, wrapping round. */
  toLine(file, line) {
    const { count } = this.trace;
    const place = (i) => this.trace.lines(i).findIndex(([f, n]) => f === file && n === line);
    for (let n = 1; n <= count; n += 1) {
      const i = (this.now() + n) % count;
      const k = place(i);
      if (k >= 0) return this.player.go(this.stepOf(i), k);
    }
    return undefined;
  }

  /** The place of a command or a wait: this step's line if it ran in it, else the source alone goes there. */
  toPlace(file, line) {
    const i = this.now();
    const k = this.trace.lines(i).findLastIndex(([f, n]) => f === file && n === line);
    if (k >= 0) this.player.go(this.stepOf(i), k);
    else this.source.pointAt(file, line);
  }
}
