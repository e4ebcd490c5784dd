import { h } from "./elements.js";
import { END, HOW } from "./words.js";

/** Beside the source, a column for each of the last workers: the lines that it has run so far, numbered as it ran them. */
export class Gutters {
  constructor(trace) {
    this.trace = trace;
    this.workers = trace.workers.length > 1 ? [...trace.lastOf.keys()].filter((w) => w >= 0).slice(-3) : [];
    this.marks = this.firstRuns();
  }

  /** `file:line` -> for each worker and sign where it ran that line first: what a gutter shows from there on. */
  firstRuns() {
    const { trace } = this;
    const found = new Map();
    const [places, done] = [new Map(), new Set()];
    for (let i = 0; i < trace.count; i += 1) {
      const [worker, how] = [trace.worker(i), trace.how(i)];
      const key = `${worker} ${how} ${trace.steps.lines[i]}`;
      if (how === "q" || done.has(key) || !this.workers.includes(worker)) continue;
      done.add(key); // the same path again shows no line for the first time
      trace.lines(i).forEach(([file, n], k) => {
        const line = `${file}:${n}`;
        const marks = found.get(line) ?? found.set(line, []).get(line);
        if (marks.some((m) => m.worker === worker && m.how === how)) return;
        places.set(worker, (places.get(worker) ?? 0) + 1);
        marks.push({ worker, how, step: i, k, place: places.get(worker) });
      });
    }
    return found;
  }

  heads() {
    return this.workers.map((w) => {
      const worker = this.trace.workers[w];
      const end = worker.how ? ` ${END[worker.how]?.[0] ?? ""}` : "";
      return h("span", { title: `${this.trace.workerWords(w)}${worker.how ? `, ${worker.how}` : ""}: the lines that it has run so far` }, `${worker.name}${end}`);
    });
  }

  cells() {
    return this.workers.map(() => h("span", { class: "sfv-gutter" }));
  }

  /** Fill the rows of a file (line -> {gutters: cells}) as of line k of step i. */
  show(rows, file, i, k) {
    if (!this.workers.length) return;
    for (const [n, { gutters }] of rows) {
      const marks = this.marks.get(`${file}:${n}`);
      if (!marks) continue;
      this.workers.forEach((w, column) => {
        const shown = marks.filter((m) => m.worker === w && (m.step < i || (m.step === i && m.k <= k)));
        const text = shown.map((m) => `${HOW[m.how].sign}${m.place}`).join(" ");
        const cell = gutters[column];
        if (cell.textContent.trim() !== text) {
          cell.replaceChildren(...shown.flatMap((m) => [h("b", { class: `sfv-is-${HOW[m.how].css}` }, `${HOW[m.how].sign}${m.place}`), " "]));
        }
      });
    }
  }
}
