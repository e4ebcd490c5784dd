import { allow, button, icon } from "./buttons.js";
import { h, setText } from "./elements.js";
import { clamp } from "./numbers.js";
import { Strip } from "./strip.js";
import { many } from "./words.js";

const KINDS = [["crash", "crash"], ["signal", "signal or update"], ["state", "state change"], ["live", "going live"], ["failure", "failure"], ["difference", "difference"]];

/**
 * Moves a position (step, line within it) over a course and tells `moved` of it: buttons, slider, strip, keys, search.
 * A course: {count, lineCount(i), short(i), stops: {kind: [i]}, search(text), and what Strip needs}.
 */
export class Player {
  constructor(moved, guarded) {
    this.moved = moved;
    this.guarded = guarded;
    this.step = 0;
    this.line = 0;
    this.query = { text: "", found: [] };
    this.buttons = {
      first: button("first", "First step", "Home", () => this.go(0)),
      back: button("back", "Back one step", "←", () => this.go(this.step - 1)),
      play: button("play", "Play", "Space", () => this.toggle()),
      forward: button("forward", "Forward one step", "→", () => this.go(this.step + 1)),
      last: button("last", "Last step", "End", () => this.go(this.course.count - 1)),
      up: button("up", "Back one line", "Shift+← or ,", () => this.goLine(-1), "line"),
      down: button("down", "Forward one line", "Shift+→ or .", () => this.goLine(1), "line"),
      previousStop: button("previous", "Previous", "p", () => this.jump(-1), "previous"),
      nextStop: button("next", "Next", "n", () => this.jump(1), "next"),
    };
    this.speed = h("select", { "aria-label": "Steps a second", title: "Speed of Play", class: "sfv-select" },
      ...[0.5, 1, 2, 4, 8].map((n) => h("option", { value: n, ...(n === 1 ? { selected: true } : {}) }, `${n}/s`)));
    this.kind = h("select", { "aria-label": "What to jump to", class: "sfv-select", onchange: () => this.offer() });
    this.slider = h("input", { type: "range", min: 0, step: 1, class: "sfv-slider", "aria-label": "Step", oninput: () => this.go(Number(this.slider.value)) });
    this.search = h("input", { type: "search", class: "sfv-search", placeholder: "Search  ( / )", "aria-label": "Search steps; Enter: next, Shift+Enter: previous",
      oninput: () => this.look(), onkeydown: (e) => this.searchKey(e) });
    this.jumps = h("span", { class: "sfv-group" }, h("span", { class: "sfv-label" }, "Jump to"), this.kind, this.buttons.previousStop, this.buttons.nextStop);
    this.hits = h("span", { class: "sfv-hits", role: "status" });
    this.strip = new Strip((i) => this.go(i));
    const b = this.buttons;
    this.el = h("div", { class: "sfv-player" },
      h("div", { class: "sfv-strip" }, this.strip.labels, h("div", { class: "sfv-track" }, this.strip.plot, this.slider), h("span", {}), this.strip.legend),
      h("div", { class: "sfv-controls", role: "toolbar", "aria-label": "Move through the steps" },
        h("span", { class: "sfv-group" }, b.first, b.back, b.play, b.forward, b.last, this.speed),
        h("span", { class: "sfv-group" }, b.up, b.down),
        this.jumps,
        h("span", { class: "sfv-group sfv-searching" }, this.search, this.hits)));
  }

  load(course) {
    this.course = course;
    this.slider.max = Math.max(0, course.count - 1);
    const offered = KINDS.filter(([kind]) => course.stops[kind]?.length);
    const chosen = this.kind.value;
    const options = offered.map(([kind, words]) => h("option", { value: kind }, `${words} (${course.stops[kind].length})`));
    // A list that is open stays open.
    if (options.map((option) => option.text).join() !== [...this.kind.options].map((option) => option.text).join()) {
      this.kind.replaceChildren(...options);
      if (offered.some(([kind]) => kind === chosen)) this.kind.value = chosen;
    }
    this.jumps.hidden = !offered.length;
    this.strip.load(course);
    this.offer();
    if (this.query.text) this.look();
  }

  /** A step is shown at its end, unless a line within it is meant. */
  go(step, line) {
    if (this.course.count) this.guarded(() => this.place(step, line));
  }

  place(step, line) {
    const { course } = this;
    this.step = clamp(step, 0, course.count - 1);
    const lines = course.lineCount(this.step);
    this.line = clamp(line ?? lines - 1, 0, Math.max(0, lines - 1));
    this.slider.value = this.step;
    this.slider.setAttribute("aria-valuetext", course.short(this.step));
    this.strip.show(this.step);
    this.offer();
    this.moved(this.step, this.line);
  }

  goLine(by) {
    const line = this.line + by;
    if (line < 0) {
      if (this.step > 0) this.go(this.step - 1);
    } else if (line >= this.course.lineCount(this.step)) {
      if (this.step < this.course.count - 1) this.go(this.step + 1, 0);
    } else this.go(this.step, line);
  }

  jump(by) {
    const stop = this.nearest(this.course.stops[this.kind.value] ?? [], by);
    if (stop !== undefined) this.go(stop);
  }

  nearest(stops, by) {
    return by > 0 ? stops.find((i) => i > this.step) : stops.findLast((i) => i < this.step);
  }

  toggle() {
    if (!this.course.count) return;
    if (this.timer) return this.pause();
    if (this.step >= this.course.count - 1) this.go(0);
    this.schedule();
    this.offer();
  }

  schedule() {
    this.timer = setTimeout(() => {
      this.go(this.step + 1);
      if (this.step >= this.course.count - 1) this.pause();
      else this.schedule();
    }, 1000 / Number(this.speed.value));
  }

  pause() {
    clearTimeout(this.timer);
    this.timer = null;
    this.offer();
  }

  look() {
    const text = this.search.value.trim();
    this.query = { text, found: text ? this.course.search(text) : [] };
    this.offer();
  }

  searchKey(event) {
    if (event.key === "Enter") {
      const { found } = this.query;
      const by = event.shiftKey ? -1 : 1;
      const stop = this.nearest(found, by) ?? found.at(by > 0 ? 0 : -1); // round again, as a find box does
      if (stop !== undefined) this.go(stop);
    } else if (event.key === "Escape") {
      this.search.value = "";
      this.look();
      this.slider.focus();
    }
  }

  /** Which controls lead anywhere from here. */
  offer() {
    const { course, step, buttons: b, query } = this;
    if (!course.count) {
      for (const control of Object.values(b)) allow(control, false);
      this.slider.disabled = this.kind.disabled = true;
      return;
    }
    this.slider.disabled = false;
    const [atFirst, atLast] = [step <= 0, step >= course.count - 1];
    for (const control of [b.first, b.back]) allow(control, !atFirst);
    for (const control of [b.last, b.forward]) allow(control, !atLast);
    allow(b.play, course.count > 1);
    allow(b.up, !atFirst || this.line > 0);
    allow(b.down, !atLast || this.line < course.lineCount(step) - 1);
    const stops = course.stops[this.kind.value] ?? [];
    this.kind.disabled = !this.kind.options.length;
    allow(b.previousStop, this.nearest(stops, -1) !== undefined);
    allow(b.nextStop, this.nearest(stops, 1) !== undefined);
    const playing = Boolean(this.timer);
    if (b.play.dataset.playing !== String(playing)) {
      b.play.dataset.playing = playing;
      b.play.setAttribute("aria-label", playing ? "Pause" : "Play");
      b.play.title = `${playing ? "Pause" : "Play"} (Space)`;
      b.play.replaceChildren(icon(playing ? "pause" : "play"));
    }
    const place = query.found.indexOf(step);
    setText(this.hits, !query.text ? "" : !query.found.length ? "nothing found" : `${place < 0 ? "" : `${place + 1} of `}${many(query.found.length, "step")}`);
  }

  /** True if the key meant something here. */
  key(event) {
    if (event.ctrlKey || event.metaKey || event.altKey) return false;
    const { target } = event;
    if (target === this.search || target.tagName === "SELECT") return false;
    if ((event.key === " " || event.key === "Enter") && target.closest("button, summary")) return false;
    const actions = {
      ArrowLeft: () => (event.shiftKey ? this.goLine(-1) : this.go(this.step - 1)),
      ArrowRight: () => (event.shiftKey ? this.goLine(1) : this.go(this.step + 1)),
      ",": () => this.goLine(-1), ".": () => this.goLine(1),
      Home: () => this.go(0), End: () => this.go(this.course.count - 1),
      " ": () => this.toggle(), n: () => this.jump(1), p: () => this.jump(-1), "/": () => this.search.focus(),
    };
    const action = actions[event.key];
    if (action) action();
    return Boolean(action);
  }

  close() {
    clearTimeout(this.timer);
    this.strip.watch.disconnect();
  }
}
