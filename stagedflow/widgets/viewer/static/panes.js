import { h } from "./elements.js";
import { HistoryPane } from "./history.js";
import { SourcePane } from "./source.js";
import { StepPane } from "./step.js";
import { Ways } from "./ways.js";

/** The three panes of one trace: source, step and history. */
export class Panes {
  constructor(player, places = {}) {
    this.ways = new Ways(player, places);
    this.source = this.ways.source = new SourcePane(this.ways);
    this.step = new StepPane(this.ways);
    this.history = new HistoryPane(this.ways);
    this.parts = [this.source, this.step, this.history];
    this.el = h("div", { class: "sfv-panes" }, ...this.parts.map((part) => part.el));
  }

  load(trace) {
    this.ways.trace = trace;
    this.parts.forEach((part) => part.load(trace));
  }

  show(i, k, differs) {
    this.source.show(i, k);
    this.step.show(i, differs);
    this.history.show(i);
  }

  close() {
    this.history.watch.disconnect();
  }
}
