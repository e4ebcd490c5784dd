import { singleCourse } from "./course.js";
import { h, setText } from "./elements.js";
import { Frame } from "./frame.js";
import { stepHead } from "./heading.js";
import { Panes } from "./panes.js";
import { sentence, short } from "./sentence.js";
import { Trace } from "./trace.js";
import { noteRows } from "./trouble.js";
import { offsetWords } from "./words.js";

/** One trace, step by step. */
export class Viewer extends Frame {
  constructor(payload) {
    super("Replay viewer");
    this.panes = new Panes(this.player);
    this.told.after(this.panes.el);
    this.load(payload);
  }

  load(payload) {
    const trace = new Trace(payload);
    this.trace = trace;
    setText(this.title, trace.type);
    const noted = JSON.stringify([trace.failure, trace.notes]);
    if (noted !== this.noted) this.notes.replaceChildren(...noteRows(trace, () => this.player.go(trace.failure.step)));
    this.noted = noted;
    this.panes.load(trace);
    this.player.load(singleCourse(trace));
    this.panes.el.hidden = !trace.count && !trace.eventCount && !trace.files.length;
    this.panes.step.el.hidden = !trace.count;
    if (!trace.count) setText(this.told, noStepWords(trace));
  }

  /** New data: the reader keeps their place; from the last step they follow on to a new one. */
  update(read) {
    this.guarded(() => {
      const payload = read();
      const { player } = this;
      const [step, line, count] = [player.step, player.line, this.trace.count];
      const seen = [this.panes.source.list, this.panes.history.list].map((list) => [list, list.scrollTop]);
      this.load(payload);
      if (step >= count - 1 && this.trace.count > count) player.go(this.trace.count - 1);
      else {
        player.go(step, line);
        for (const [list, top] of seen) list.scrollTop = top;
      }
    });
  }

  moved(i, k) {
    const { trace } = this;
    const lines = trace.lines(i).length;
    const at = offsetWords(trace.at(i));
    const within = trace.isCut(i) ? lines > 0 : k < lines - 1; // of a step that was cut, the last line kept is not its end
    const bits = [trace.workerWords(trace.worker(i)), at && `at ${at}`,
      within && `line ${(k + 1).toLocaleString("en")} of ${trace.isCut(i) ? "the " : ""}${lines.toLocaleString("en")}${trace.isCut(i) ? " kept" : ""}; state as at the step's end`];
    const end = trace.endAfter(i);
    this.where.replaceChildren(...stepHead(trace, i),
      ...bits.filter(Boolean).map((bit) => h("span", {}, bit)), end === "crashed" ? h("b", { class: "sfv-is-bad" }, "✕ then its worker crashed") : "");
    const told = sentence(trace, i);
    setText(this.told, told);
    this.say(`${short(trace, i)}. ${told}${end === "crashed" ? " Then its worker crashed." : ""}`);
    this.panes.show(i, k);
  }

  close() {
    super.close();
    this.panes.close();
  }
}

/** Of a history that was replayed the notes say why; only a live trace without any is told here. */
function noStepWords({ failure, notes }) {
  if (failure) return "No step was recorded before the failure.";
  return notes.length ? "There is no step to show." : "There is no step to show yet: no worker has run this workflow.";
}
