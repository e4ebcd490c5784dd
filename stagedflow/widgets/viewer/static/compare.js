import { h, setText } from "./elements.js";
import { Frame } from "./frame.js";
import { pairsCourse } from "./pairs.js";
import { Side } from "./side.js";
import { Trace } from "./trace.js";

/** Two traces in step. */
export class CompareViewer extends Frame {
  constructor(payload) {
    super("Two replays in step");
    const { compare } = payload;
    this.compare = compare;
    this.pairs = compare.pairs;
    this.sides = ["a", "b"].map((key, place) => new Side(this, place, compare.names[place], new Trace(payload[key])));
    const [a, b] = this.sides;
    setText(this.title, a.trace.type === b.trace.type ? `${a.trace.type}: two replays in step` : `${a.trace.type} and ${b.trace.type} in step`);
    this.notes.replaceChildren(h("p", {}, compare.summary), ...this.sides.flatMap((side) => side.notes));
    this.told.after(h("div", { class: "sfv-pair" }, ...this.sides.map((side) => side.el)));
    this.player.load(pairsCourse(this.pairs, this.sides, (n) => this.differs(n)));
    if (this.player.course.stops.difference.length) this.player.kind.value = "difference";
    this.player.offer();
  }

  differs(n) { return this.pairs[n].slice(2).map((d) => this.compare.differences[d]); }

  moved(n, k) {
    const differs = this.differs(n);
    this.where.replaceChildren(h("b", {}, `Pair ${n + 1} of ${this.pairs.length}`),
      h("b", { class: differs.length ? "sfv-pill sfv-is-differs" : "sfv-pill sfv-is-live" }, differs.length ? `≠ differs: ${differs.join(", ")}` : "= the same"));
    const told = this.compare.told[n] ?? "Both do the same.";
    const text = `${told[0].toUpperCase()}${told.slice(1)}`;
    setText(this.told, text);
    this.say(`${this.player.course.short(n)}. ${text}`);
    for (const side of this.sides) side.show(this.pairs[n][side.place], k, differs);
  }

  update() {} // a comparison does not change

  close() {
    super.close();
    this.sides.forEach((side) => side.panes.close());
  }
}
