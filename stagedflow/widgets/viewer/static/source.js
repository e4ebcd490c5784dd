import { h, setText } from "./elements.js";
import { Gutters } from "./gutters.js";
import { notesOf } from "./notes.js";
import { clamp, serial } from "./numbers.js";
import { painter } from "./python.js";
import { HOW } from "./words.js";

const [WHOLE_FILE, WINDOW] = [1500, 400];

/** Source with this step's lines, the line reached, where coroutines wait, and what each worker has run so far. */
export class SourcePane {
  constructor({ toLine }) {
    this.toLine = toLine;
    this.id = `sfv-source-${serial()}`;
    this.tabs = h("div", { class: "sfv-tabs" });
    this.heads = h("div", { class: "sfv-row sfv-heads", "aria-hidden": "true" });
    this.list = h("div", { class: "sfv-code", role: "listbox", tabindex: "0", "aria-label": "Source. Enter on a line: to the next step that ran it",
      onclick: (e) => this.click(e), onkeydown: (e) => this.keys(e), onblur: () => this.point(null) });
    this.el = h("section", { class: "sfv-pane sfv-source", "aria-label": "Source" }, h("header", {}, h("h4", {}, "Source"), this.tabs), this.list);
    this.file = 0;
    this.cursor = null;
    this.rows = new Map();
    this.touched = [];
    this.now = [0, 0];
  }

  load(trace) {
    const same = this.trace && JSON.stringify(this.trace.files) === JSON.stringify(trace.files);
    this.trace = trace;
    this.gutters = new Gutters(trace);
    const columns = `${"48px ".repeat(this.gutters.workers.length)}54px 46px minmax(0, 1fr)`;
    if (same && columns === this.columns) return;
    this.columns = columns;
    this.tabs.replaceChildren(...trace.files.map((file, f) => h("button", { type: "button", class: "sfv-tab", onclick: () => this.open(f) }, file.name)));
    this.list.style.setProperty("--sfv-columns", columns);
    this.draw(clamp(this.file, 0, Math.max(0, trace.files.length - 1)), null);
  }

  open(file) {
    this.draw(file, null);
    this.mark(...this.now);
  }

  /** Rows for a file: all of it, or the part around a line if it is long. */
  draw(file, around) {
    if (file !== this.file) this.point(null);
    this.file = file;
    const source = this.trace.files[file];
    const lines = source?.lines ?? [];
    const middle = around ?? (source?.focus[0] || 1);
    const whole = lines.length <= WHOLE_FILE;
    this.from = whole ? 1 : clamp(middle - WINDOW, 1, lines.length);
    this.to = whole ? lines.length : Math.min(lines.length, this.from + 2 * WINDOW);
    this.rows = new Map();
    this.touched = [];
    this.heads.replaceChildren(...this.gutters.heads(), h("span", {}, "here"), h("span", {}, "line"), h("span", {}));
    const paint = lines.length <= 5000 ? painter() : (line) => [line];
    const body = [];
    lines.forEach((line, index) => {
      const pieces = paint(line);
      if (index + 1 >= this.from && index + 1 <= this.to) body.push(this.row(index + 1, line, pieces));
    });
    if (!lines.length) body.push(h("p", { class: "sfv-quiet" }, this.missing()));
    if (this.from > 1) body.unshift(this.more("▲ lines before", this.from));
    if (this.to < lines.length) body.push(this.more("▼ lines after", this.to));
    this.list.replaceChildren(...(this.gutters.workers.length ? [this.heads] : []), ...body);
    [...this.tabs.children].forEach((tab, f) => tab.setAttribute("aria-pressed", f === file));
    this.tabs.hidden = !this.trace.files.length;
  }

  missing() {
    const file = this.trace.files[this.file];
    return file ? `The source of ${file.name} is not in this trace.` : "This trace names no source file.";
  }

  more(words, line) {
    return h("button", { type: "button", class: "sfv-button sfv-more", onclick: () => this.further(line) }, words);
  }

  further(line) {
    this.draw(this.file, line);
    this.mark(...this.now);
    this.list.focus({ preventScroll: true }); // the button is gone
  }

  row(number, text, pieces) {
    const indent = `${text.length - text.trimStart().length + 4}ch`;
    const code = h("span", { class: "sfv-text" }, ...pieces);
    Object.assign(code.style, { paddingLeft: indent, textIndent: `-${indent}` });
    const [order, no] = [h("span", { class: "sfv-order" }), h("span", { class: "sfv-no" }, String(number))];
    const gutters = this.gutters.cells();
    const element = h("div", { class: "sfv-row", role: "option", id: `${this.id}-${number}`, "data-line": number }, ...gutters, order, no, code);
    this.rows.set(number, { element, order, gutters, notes: [] });
    return element;
  }

  show(i, k) {
    this.now = [i, k];
    const { trace } = this;
    if (!trace.count) return;
    const [file, line] = trace.lines(i)[k] ?? this.parked(i) ?? [this.file, 0];
    const known = this.rows.has(line) || !line;
    if (file !== this.file || !known) this.draw(file, line);
    this.mark(i, k);
    if (line) this.reveal(line);
  }

  parked(i) {
    const wait = this.trace.waits(i).find((w) => w.line);
    return wait && [wait.file, wait.line];
  }

  mark(i, k) {
    const { trace } = this;
    if (!trace.count) return;
    for (const row of this.touched) this.unmark(row);
    const orders = new Map();
    const path = trace.lines(i);
    path.forEach(([file, n], place) => {
      if (file !== this.file || !this.rows.has(n)) return;
      if (!orders.has(n)) orders.set(n, []);
      orders.get(n).push(place);
    });
    const how = HOW[trace.how(i)];
    // Counted as in the gutters: each line once, in the order in which they ran first.
    [...orders].forEach(([n, places], at) => this.markRun(this.rows.get(n), n, { places, path, k, how, order: at + 1, cut: trace.isCut(i) }));
    const here = path[k];
    if (here && here[0] === this.file) this.rows.get(here[1])?.element.classList.add("sfv-here");
    for (const { line, css, text } of notesOf(trace, i, this.file)) this.note(line, css, text);
    this.gutters.show(this.rows, this.file, i, k);
    this.rows.get(this.cursor)?.element.classList.add("sfv-cursor");
    this.touched = [...new Set([...this.rows].filter(([n, row]) => orders.has(n) || row.notes.length).map(([, row]) => row))];
  }

  unmark(row) {
    row.element.className = "sfv-row";
    row.element.removeAttribute("aria-label");
    setText(row.order, "");
    row.notes.forEach((note) => note.remove());
    row.notes = [];
  }

  markRun(row, n, { places, path, k, how, order, cut }) {
    const reached = places.filter((place) => place <= k);
    row.element.classList.add("sfv-ran", `sfv-${how.css}`, ...(reached.length ? [] : ["sfv-ahead"]));
    const times = places.length > 1 ? ` ×${places.length}` : "";
    const fits = `${order}${times}`.length <= 6;
    row.order.replaceChildren(h("b", {}, how.sign), `${order}`, fits ? h("small", {}, times) : "");
    row.order.title = `number ${places[0] + 1} of the ${cut ? "first " : ""}${path.length} lines that this step ran`
      + (times ? `; this one ran ${cut ? "at least " : ""}${places.length} times` : "");
    row.element.setAttribute("aria-label", `line ${n}: ${this.trace.files[this.file].lines[n - 1].trim()}, ${how.words}, number ${order}${times}`);
  }

  note(line, css, text) {
    const row = this.rows.get(line);
    if (!row) return;
    const note = h("span", { class: `sfv-note sfv-is-${css}` }, text);
    row.element.classList.add(`sfv-row-${css}`);
    row.element.append(note);
    row.notes.push(note);
  }

  /** Scroll the pane, never the page. */
  reveal(line) {
    const row = this.rows.get(line)?.element;
    if (!row) return;
    const { list } = this;
    const top = row.offsetTop; // within the list, which is its offsetParent
    const margin = Math.min(60, list.clientHeight / 4);
    if (top < list.scrollTop + margin || top + row.offsetHeight > list.scrollTop + list.clientHeight - margin) {
      list.scrollTop = top - list.clientHeight / 2 + row.offsetHeight / 2;
    }
  }

  click(event) {
    const row = event.target.closest("[data-line]");
    // Selecting text is no click.
    if (row && !String(getSelection())) this.toLine(this.file, Number(row.dataset.line));
  }

  keys(event) {
    const by = { ArrowDown: 1, ArrowUp: -1, PageDown: 15, PageUp: -15 }[event.key];
    if (by) {
      const at = this.cursor ?? this.trace.lines(this.now[0])[this.now[1]]?.[1] ?? this.from;
      this.point(clamp(this.cursor === null ? at : at + by, this.from, this.to));
      event.preventDefault();
    } else if (event.key === "Enter" && this.cursor) this.toLine(this.file, this.cursor);
  }

  pointAt(file, line) {
    if (file !== this.file || !this.rows.has(line)) {
      this.draw(file, line);
      this.mark(...this.now);
    }
    this.list.focus();
    this.point(line);
  }

  point(line) {
    this.rows.get(this.cursor)?.element.classList.remove("sfv-cursor");
    this.cursor = line;
    const row = this.rows.get(line)?.element;
    if (!row) return this.list.removeAttribute("aria-activedescendant");
    row.classList.add("sfv-cursor");
    this.list.setAttribute("aria-activedescendant", row.id);
    this.reveal(line);
  }
}
