import { inGroups, lookUp } from "./columns.js";
import { eventWords } from "./words.js";

/** The payload, made ready for questions: each answers in far less than a frame, for 10,000 steps. */
export class Trace {
  constructor(payload) {
    if (payload?.version !== 1) throw new Error("This data is of a version that this viewer does not know.");
    const { steps, events } = payload;
    Object.assign(this, { payload, steps, texts: payload.texts, files: payload.files, workers: payload.workers });
    this.failure = payload.failure;
    this.notes = payload.notes;
    this.type = payload.type || "Workflow";
    this.count = steps.how.length;
    this.pathLines = [];
    this.cuts = new Set(steps.cut);
    this.previous = this.ownStepsBefore();
    this.stateTable = this.table(steps.state);
    this.localsTable = this.table(steps.locals);
    this.eventIds = events.id ?? null;
    this.eventRow = this.eventIds && new Map(this.eventIds.map((id, row) => [id, row]));
    this.eventCount = this.eventIds ? this.eventIds.length : steps.last.reduce((most, id) => Math.max(most, id), events.type.length);
    let at = 0;
    this.eventAt = events.after.map((ms) => (at += ms));
    this.jobOfEvent = new Map();
    for (const flat of steps.jobs) for (let k = 0; k < flat.length; k += 3) if (flat[k + 1]) this.jobOfEvent.set(flat[k + 1], flat[k]);
    this.stops = this.findStops();
  }

  how(i) { return this.steps.how[i]; }
  worker(i) { return this.steps.worker ? this.steps.worker[i] : -1; }
  at(i) { return this.steps.at ? this.steps.at[i] : this.eventMoment(this.steps.last[i]); }
  stepFailure(i) { const t = this.steps.failure[i]; return t === undefined ? null : this.texts[t]; }

  workerWords(w) {
    const worker = this.workers[w];
    return worker ? `worker ${worker.name} (pid ${worker.pid})` : "";
  }

  /** `[file, line]` in the order executed. Steps that took the same path share one list. */
  lines(i) {
    if (!this.count) return []; // keys and clicks ask of a trace without steps, too
    const path = this.steps.lines[i];
    if (!this.pathLines[path]) {
      let file = 0;
      const lines = [];
      for (const n of this.payload.paths[path]) n < 0 ? (file = -n - 1) : lines.push([file, n]);
      this.pathLines[path] = lines;
    }
    return this.pathLines[path];
  }

  isCut(i) { return this.cuts.has(i); }

  /** That more lines ran than are kept, in words; "" if all are there. */
  cutWords(i) {
    if (!this.isCut(i)) return "";
    const kept = this.lines(i).length;
    // Of a step that failed, the last line kept may be that at which it was stopped, long after the others.
    const shown = this.stepFailure(i) === null ? `the first ${kept.toLocaleString("en")}` : `${kept.toLocaleString("en")} of them`;
    return `… more lines ran than are kept: ${kept ? `only ${shown} ${kept === 1 ? "is" : "are"} shown` : "none is shown"}`;
  }

  jobs(i) {
    return inGroups(this.steps.jobs[i], 3, ([text, event, kind]) => ({ text: this.texts[text], event, kind: this.texts[kind] }));
  }

  commands(i) {
    return inGroups(this.steps.commands[i], 4, ([text, line, file, event]) => ({ text: this.texts[text], line, file, event }));
  }

  effects(i) {
    return inGroups(this.steps.effects[i] ?? [], 3, ([text, line, file]) => ({ text: this.texts[text], line, file }));
  }

  waits(i) {
    const flat = this.payload.waits[this.steps.waiting[i]];
    return inGroups(flat, 4, ([text, task, line, file]) => ({ text: this.texts[text], task: this.texts[task], line, file }));
  }

  brought(i, event) { return this.steps.first[i] <= event && event <= this.steps.last[i]; }

  /** The last event that had come by this step, from whichever worker's view. */
  seen(i) {
    while (i > 0 && !this.steps.last[i]) i -= 1;
    return this.steps.last[i] ?? 0;
  }

  eventAtRow(row) {
    const id = this.eventIds ? this.eventIds[row] : row + 1;
    const { type, text } = this.payload.events;
    const known = row < type.length;
    const job = this.jobOfEvent.get(id);
    const words = known ? this.texts[text[row]] : job === undefined ? "" : this.texts[job];
    return { id, type: known ? eventWords(this.texts[type[row]]) : "Event", text: words, at: known ? this.eventAt[row] : null };
  }

  rowOfEvent(id) { return this.eventRow ? this.eventRow.get(id) ?? -1 : id - 1; }
  eventMoment(id) { return this.eventAt[this.rowOfEvent(id)] ?? null; }

  /** Where to go for an event: the steps whose command made it, then those that it came with. */
  stepsOfEvent(id) {
    const [made, came] = [[], []];
    for (let i = 0; i < this.count; i += 1) {
      const flat = this.steps.commands[i];
      for (let k = 3; k < flat.length; k += 4) if (flat[k] === id) made.push(i);
      if (this.brought(i, id)) came.push(i);
    }
    return [...new Set([...made, ...came])];
  }

  /** What the names of a state were before, are now, and whether that is a change. */
  values(table, i) {
    const before = this.previous[i];
    const found = [];
    for (const [name, changes] of table) {
      const now = lookUp(changes, i);
      const old = before < 0 ? -1 : lookUp(changes, before);
      if (now < 0 && old < 0) continue;
      const what = before < 0 ? "" : old < 0 ? "new" : now < 0 ? "gone" : now === old ? "" : "changed";
      found.push({ name, now: this.texts[now] ?? "", old: this.texts[old] ?? "", what });
    }
    return found;
  }

  state(i) { return this.values(this.stateTable, i); }

  /** None once `run` has ended: that each of its variables is gone then says nothing. */
  locals(i) {
    const found = this.values(this.localsTable, i);
    return found.every((value) => value.what === "gone") ? [] : found;
  }

  /**
   * For each step the index of the same worker's step before, or -1. A worker that builds the workflow anew, as after an
   * eviction from its cache, begins with another object: what the one before held is no step before.
   */
  ownStepsBefore() {
    const anew = this.texts.indexOf("initialize_workflow");
    const last = new Map();
    return Array.from({ length: this.count }, (_, i) => {
      const worker = this.worker(i);
      const begins = this.steps.jobs[i].some((kind, k) => k % 3 === 2 && kind === anew);
      const before = begins ? -1 : last.get(worker) ?? -1;
      last.set(worker, i);
      return before;
    });
  }

  /** name -> {steps, texts}: at which step it took which text. */
  table(column) {
    const found = new Map();
    column.forEach((flat, i) => {
      for (let k = 0; k < flat.length; k += 2) {
        const name = this.texts[flat[k]];
        if (!found.has(name)) found.set(name, { steps: [], texts: [] });
        found.get(name).steps.push(i);
        found.get(name).texts.push(flat[k + 1]);
      }
    });
    return new Map([...found].sort(([a], [b]) => (a < b ? -1 : 1)));
  }

  findStops() {
    const stops = { crash: [], signal: [], state: [], live: [], failure: [] };
    const lastOf = new Map();
    for (let i = 0; i < this.count; i += 1) {
      const before = this.previous[i];
      lastOf.set(this.worker(i), i);
      if (this.jobs(i).some((job) => job.kind === "signal_workflow" || job.kind === "do_update")) stops.signal.push(i);
      const plain = before === i - 1 ? this.steps.state[i].length > 0 : null;
      if (before >= 0 && (plain ?? this.state(i).some((value) => value.what))) stops.state.push(i);
      if (this.how(i) === "l" && before >= 0 && this.how(before) !== "l") stops.live.push(i);
      if (this.stepFailure(i) !== null || this.failure?.step === i) stops.failure.push(i);
    }
    this.workers.forEach((worker, w) => worker.how === "crashed" && lastOf.has(w) && stops.crash.push(lastOf.get(w)));
    stops.crash.sort((a, b) => a - b);
    this.lastOf = lastOf;
    return stops;
  }

  /** Why the worker's life ended after this step, if it did. */
  endAfter(i) {
    const w = this.worker(i);
    return w >= 0 && this.lastOf.get(w) === i ? this.workers[w].how : null;
  }
}
