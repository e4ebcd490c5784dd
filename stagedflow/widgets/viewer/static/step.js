import { h } from "./elements.js";
import { many } from "./words.js";

const MOST = 50; // rows of one kind: a step with 2,000 commands stays a page

/** What this step was: what came, what it asked for, where it waits, and the state it left. */
export class StepPane {
  constructor({ toEvent, toPlace }) {
    this.toEvent = toEvent;
    this.toPlace = toPlace;
    this.body = h("div", { class: "sfv-body", tabindex: "0", role: "region", "aria-label": "This step" });
    this.el = h("section", { class: "sfv-pane sfv-step", "aria-label": "This step" }, h("header", {}, h("h4", {}, "This step")), this.body);
  }

  load(trace) { this.trace = trace; }

  show(i, differs = []) {
    const { trace } = this;
    this.differs = differs;
    const failure = trace.stepFailure(i);
    const scroll = this.body.scrollTop;
    this.body.replaceChildren(
      failure === null ? "" : h("p", { class: "sfv-trouble" }, `! ${failure}`),
      trace.isCut(i) ? h("p", { class: "sfv-is-cut" }, trace.cutWords(i)) : "",
      this.section("Brought", this.jobs(i), "nothing but time"),
      this.section("Commands", this.commands(i), trace.how(i) === "q" ? "none: a query asks for nothing" : "none", "commands"),
      trace.effects(i).length ? this.section("Side effects: the same in every replay", this.effects(i), "") : "",
      this.section("Now waits", this.waits(i), "nothing", "waiting"),
      this.section("State of the workflow", this.values(trace.state(i)), "no attributes", "state"),
      this.section("Locals of run", this.values(trace.locals(i)), "none", "locals"));
    this.body.scrollTop = scroll;
  }

  section(title, rows, otherwise, name) {
    const shown = rows.slice(0, MOST);
    if (rows.length > MOST) shown.push(h("li", { class: "sfv-quiet" }, `and ${many(rows.length - MOST, "more", "more")}`));
    return h("div", { class: "sfv-section" }, h("h5", {}, title, this.differs.includes(name) ? h("b", { class: "sfv-is-differs" }, "  ≠ differs") : ""),
      rows.length ? h("ul", {}, ...shown) : h("p", { class: "sfv-quiet" }, otherwise));
  }

  event(id) {
    return h("button", { type: "button", class: "sfv-link", onclick: () => this.toEvent(id) }, `event ${id}`);
  }

  place(file, line) {
    const name = file ? `${this.trace.files[file].name}:${line}` : `line ${line}`;
    return line ? h("button", { type: "button", class: "sfv-link", onclick: () => this.toPlace(file, line) }, name) : null;
  }

  jobs(i) {
    return this.trace.jobs(i).map((job) => h("li", {}, h("b", {}, job.text), job.event ? " · " : "", job.event ? this.event(job.event) : ""));
  }

  commands(i) {
    const { failure } = this.trace;
    return this.trace.commands(i).map((c) => {
      const parted = failure?.step === i && failure.actual === c.text && failure.line === c.line;
      return h("li", { class: parted ? "sfv-is-bad" : "" }, h("b", {}, c.text), " · ", this.place(c.file, c.line) ?? "", c.line ? " · " : "",
        ...(parted ? ["! not what history has"] : this.fate(i, c.event)));
    });
  }

  fate(i, event) {
    if (this.trace.stepFailure(i) !== null) return ["not sent: this task failed"];
    if (this.trace.how(i) === "r") return event ? ["↻ matched ", this.event(event), ": not sent again"] : ["↻ not sent: this is a replay"];
    if (!this.trace.workers.length) return ["● new: history ends here, and a replay sends nothing"];
    return event ? ["● new: sent to the server, made ", this.event(event)] : ["● new: sent to the server"];
  }

  effects(i) {
    return this.trace.effects(i).map((e) => h("li", {}, h("b", {}, e.text), e.line ? " · " : "", this.place(e.file, e.line) ?? ""));
  }

  waits(i) {
    return this.trace.waits(i).map((w) => h("li", {}, "‖ ", h("b", {}, w.text), w.task ? ` · ${w.task}` : "", w.line ? " · " : "", this.place(w.file, w.line) ?? ""));
  }

  values(all) {
    // Among many, those that changed come first: none may be out of sight.
    const values = all.length <= 8 ? all : [...all.filter((v) => v.what), ...all.filter((v) => !v.what)];
    return values.map(({ name, now, old, what }) => h("li", { class: what ? "sfv-changed" : "" },
      h("b", {}, name), " = ", h("span", { class: "sfv-value" },
        ...(what === "changed" ? [h("del", {}, old), " → ", h("ins", {}, now)] : what === "gone" ? [h("del", {}, old)] : [now])),
      what ? h("small", { class: "sfv-what" }, ` Δ ${what}`) : ""));
  }
}
