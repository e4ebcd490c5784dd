import { h, setText } from "./elements.js";
import { clamp, serial } from "./numbers.js";
import { many, offsetWords } from "./words.js";

const ROW = 24; // pixels, as in viewer.css
const FLOWING = 200; // so many events are drawn whole, each as high as its words need

/** All events in a list. A long one draws only the rows in view, all of one height, and cuts their words. */
export class HistoryPane {
  constructor({ toEvent }) {
    this.toEvent = toEvent;
    this.id = `sfv-history-${serial()}`;
    this.space = h("div", { class: "sfv-space" });
    this.list = h("div", { class: "sfv-events", role: "listbox", tabindex: "0", "aria-label": "History. Enter on an event: to the step that made it or brought it",
      onscroll: () => this.fill(), onclick: (e) => this.click(e), onkeydown: (e) => this.keys(e) }, this.space);
    this.count = h("span", { class: "sfv-quiet" });
    this.el = h("section", { class: "sfv-pane sfv-history", "aria-label": "History" }, h("header", {}, h("h4", {}, "History"), this.count,
      h("span", { class: "sfv-key" }, h("b", { class: "sfv-is-job" }, "◆"), " resolves  ", h("b", { class: "sfv-is-brought" }, "┃"), " came  ",
        h("b", { class: "sfv-is-command" }, "⇠"), " its command")), this.list);
    this.watch = new ResizeObserver(() => this.fill());
    this.watch.observe(this.list);
    this.cursor = null;
  }

  load(trace) {
    this.trace = trace;
    this.flows = trace.eventCount <= FLOWING;
    this.space.classList.toggle("sfv-flows", this.flows);
    this.space.style.height = this.flows ? "" : `${trace.eventCount * ROW}px`;
    this.loaded = serial();
    if (!trace.count) this.showNoStep();
    setText(this.count, trace.eventCount ? many(trace.eventCount, "event") : "not in this trace");
    this.fill();
  }

  show(i) {
    const { trace } = this;
    if (i !== this.step) this.cursor = null;
    this.step = i;
    this.sets = { jobs: new Set(trace.jobs(i).map((j) => j.event)), commands: new Set(trace.commands(i).map((c) => c.event)) };
    this.seen = trace.seen(i);
    this.parted = trace.failure?.step === i ? trace.failure.expected?.id : null;
    const resolving = trace.jobs(i).map((j) => j.event).find(Boolean);
    if (this.flows) this.fill(); // the rows say how high they are
    this.reveal(trace.rowOfEvent(this.parted || resolving || trace.steps.last[i] || this.seen));
    this.fill();
  }

  /** A trace without steps has a history all the same: no event of it is marked. */
  showNoStep() {
    this.step = -1;
    this.sets = { jobs: new Set(), commands: new Set() };
    this.seen = Infinity;
    this.parted = null;
  }

  reveal(row) {
    if (row < 0) return;
    const { list } = this;
    const drawn = this.flows ? this.space.children[row] : null;
    const [top, height] = drawn ? [drawn.offsetTop, drawn.offsetHeight] : [row * ROW, ROW];
    if (top < list.scrollTop + ROW || top + height + ROW > list.scrollTop + list.clientHeight) list.scrollTop = top - list.clientHeight / 2 + height / 2;
  }

  fill() {
    const { list, trace } = this;
    if (!trace || this.step === undefined) return;
    const first = this.flows ? 0 : clamp(Math.floor(list.scrollTop / ROW) - 4, 0, trace.eventCount);
    const last = this.flows ? trace.eventCount : Math.min(trace.eventCount, first + Math.ceil((list.clientHeight || 300) / ROW) + 8);
    const drawn = `${first} ${last} ${this.step} ${this.cursor} ${this.loaded}`;
    if (drawn === this.drawn) return; // a scroll by a few pixels
    this.drawn = drawn;
    this.space.replaceChildren(...Array.from({ length: last - first }, (_, n) => this.row(first + n)));
    if (this.cursor === null) list.removeAttribute("aria-activedescendant");
    else list.setAttribute("aria-activedescendant", `${this.id}-${this.cursor}`);
  }

  row(n) {
    const { trace, sets, step } = this;
    const event = trace.eventAtRow(n);
    const came = trace.brought(step, event.id);
    const [css, sign, words] = this.parted === event.id ? ["bad", "!", "what history has in its place"] : sets.jobs.has(event.id) ? ["job", "◆", "resolves this step"] : sets.commands.has(event.id) ? ["command", "⇠", "made by this step's command"]
      : came ? ["brought", "┃", "came with this step"] : event.id > this.seen ? ["later", "", "later"] : ["", "", ""];
    const at = offsetWords(event.at);
    const row = h("div", { class: `sfv-event ${css ? `sfv-is-${css}` : ""} ${this.cursor === n ? "sfv-cursor" : ""}`, role: "option", id: `${this.id}-${n}`,
      "data-event": event.id, "aria-setsize": trace.eventCount, "aria-posinset": n + 1, title: event.text || event.type,
      "aria-label": `event ${event.id}, ${event.type}${event.text ? `, ${event.text}` : ""}${at ? `, ${at}` : ""}${words ? `, ${words}` : ""}` },
    h("b", { class: "sfv-sign" }, sign), h("span", { class: "sfv-id" }, String(event.id)), h("span", { class: "sfv-at" }, at),
    h("span", { class: "sfv-words" }, h("span", { class: "sfv-type" }, event.type), " ", h("span", { class: "sfv-about" }, event.text)));
    if (!this.flows) row.style.top = `${n * ROW}px`;
    return row;
  }

  click(event) {
    const row = event.target.closest("[data-event]");
    if (row) this.toEvent(Number(row.dataset.event));
  }

  keys(event) {
    const { trace } = this;
    const by = { ArrowDown: 1, ArrowUp: -1, PageDown: 10, PageUp: -10 }[event.key];
    if (by) {
      const at = this.cursor ?? Math.max(0, trace.count ? trace.rowOfEvent(this.seen) : 0);
      this.cursor = clamp(this.cursor === null ? at : at + by, 0, trace.eventCount - 1);
      this.reveal(this.cursor);
      this.fill();
      event.preventDefault();
    } else if (event.key === "Enter" && this.cursor !== null) this.toEvent(trace.eventAtRow(this.cursor).id);
  }
}
