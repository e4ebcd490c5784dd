import { h } from "./elements.js";
import { stepHead } from "./heading.js";
import { Panes } from "./panes.js";
import { noteRows } from "./trouble.js";

/** One of two traces: its panes, and what it says where it has no step. */
export class Side {
  constructor(viewer, place, name, trace) {
    const pairs = viewer.pairs;
    const pairOf = new Map(pairs.map((pair, n) => [pair[place], n]));
    const now = () => {
      const before = pairs.slice(0, viewer.player.step + 1).findLast((pair) => pair[place] >= 0);
      return before ? before[place] : 0;
    };
    Object.assign(this, { place, trace, name });
    this.panes = new Panes(viewer.player, { stepOf: (i) => pairOf.get(i), now });
    this.panes.load(trace);
    this.where = h("p", { class: "sfv-where" });
    this.notes = noteRows(trace, () => viewer.player.go(pairOf.get(trace.failure.step)), `${name}: `);
    this.el = h("section", { class: "sfv-side", "aria-label": name }, h("h4", { class: "sfv-name" }, name), this.where, this.panes.el);
  }

  show(i, k, differs) {
    const { trace } = this;
    this.panes.el.classList.toggle("sfv-absent", i < 0);
    if (i < 0) return this.where.replaceChildren(h("span", {}, "No step here: this trace has none that these events brought."));
    this.where.replaceChildren(...stepHead(trace, i), h("span", {}, trace.workerWords(trace.worker(i))), differs.includes("lines") ? h("b", { class: "sfv-is-differs" }, "≠ other lines ran") : "");
    this.panes.show(i, Math.min(k, trace.lines(i).length - 1), differs);
    return undefined;
  }
}
