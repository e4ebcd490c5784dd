import { h, svg } from "./elements.js";
import { clamp } from "./numbers.js";

const [LANE, GLYPHS] = [26, 10];

/** All steps at a glance: one lane a worker, a mark a step; many steps become bars, but a crash is never lost. */
export class Strip {
  constructor(scrub) {
    this.labels = h("div", { class: "sfv-lanes", "aria-hidden": "true" });
    this.head = h("div", { class: "sfv-playhead" });
    this.drawing = svg("svg", { class: "sfv-marks", role: "presentation" });
    this.plot = h("div", { class: "sfv-plot", "aria-hidden": "true", onpointerdown: (e) => this.grab(e), onpointermove: (e) => this.drag(e) }, this.drawing, this.head);
    this.legend = h("div", { class: "sfv-legend" });
    this.scrub = scrub;
    this.index = 0;
    this.watch = new ResizeObserver(() => this.draw());
    this.watch.observe(this.plot);
  }

  /** course: {count, lanes: [{label, css, steps}], how(i), signals, crashes: [{lane, step}], failures} */
  load(course) {
    this.course = course;
    this.labels.replaceChildren(...course.lanes.map((lane) => h("div", { class: `sfv-lane ${lane.css ?? ""}`, title: lane.label }, lane.label)));
    const used = new Set(course.lanes.filter((lane) => !lane.differs).flatMap((lane) => [...new Set(lane.steps.map((i) => course.how(lane, i)))]));
    this.entries = (glyphs) => [
      used.has("r") && ["again", glyphs ? "○" : "▂", "↻ from history"], used.has("l") && ["live", glyphs ? "●" : "▆", "executed now"], used.has("q") && ["query", "?", "query"],
      course.signals.length && ["signal", "▲", "signal or update"], course.crashes.length && ["crash", "✕", "crash"],
      course.failures.length && ["failure", "!", "failure"], course.lanes.some((lane) => lane.differs && lane.steps.length) && ["differs", "≠", "the two differ"],
    ].filter(Boolean);
    // A crash after the last step needs room for its mark.
    this.inset = course.crashes.some(({ step }) => step === course.count - 1) ? 24 : 9;
    this.plot.parentElement.style.setProperty("--sfv-inset", `${this.inset - 9}px`);
    this.draw();
  }

  x(i) { return this.inset + i * this.spacing; }

  draw() {
    const { course } = this;
    const width = this.plot.clientWidth;
    if (!course || !width) return;
    this.spacing = course.count > 1 ? (width - 2 * this.inset) / (course.count - 1) : 0;
    const height = Math.max(1, course.lanes.length) * LANE;
    this.drawing.setAttribute("viewBox", `0 0 ${width} ${height}`);
    this.drawing.setAttribute("height", height);
    const glyphs = course.count === 1 || this.spacing >= GLYPHS;
    this.legend.replaceChildren(...this.entries(glyphs).map(([css, sign, words]) => h("span", {}, h("b", { class: `sfv-is-${css}`, "aria-hidden": "true" }, sign), ` ${words}`)));
    this.drawing.replaceChildren(...course.lanes.flatMap((lane, n) => this.lane(lane, n * LANE, glyphs)));
    this.show(this.index);
  }

  lane(lane, top, glyphs) {
    const { course } = this;
    const y = top + 17;
    const found = [];
    const path = (css, d) => d && found.push(svg("path", { class: `sfv-mark-${css}`, d }));
    const mine = new Set(lane.steps);
    if (lane.differs) {
      path("differs", this.thinned(lane.steps).map((x) => `M${x - 4} ${y - 2}h8M${x - 4} ${y + 2}h8M${x + 3} ${y - 5}l-6 10`).join(""));
      return found;
    }
    if (lane.steps.length) path("line", `M${this.x(lane.steps[0])} ${y}H${this.x(lane.steps.at(-1))}`);
    if (glyphs) {
      const d = { r: "", l: "" };
      for (const i of lane.steps) {
        const how = course.how(lane, i);
        if (how === "q") found.push(svg("text", { class: "sfv-mark-query", x: this.x(i), y: y + 4.5 }, "?"));
        else d[how] += disc(this.x(i), y, how === "r" ? 4 : 4.8);
      }
      path("again", d.r);
      path("live", d.l);
    } else this.bars(lane, y, path);
    path("signal", this.thinned((lane.signals ?? course.signals).filter((i) => mine.has(i))).map((x) => `M${x} ${top + 2}l4 7h-8z`).join(""));
    path("crash", course.crashes.filter((c) => c.lane === lane).map((c) => cross(this.between(c.step), y)).join(""));
    for (const x of this.thinned((lane.failures ?? course.failures).filter((i) => mine.has(i)))) {
      path("failure", disc(x, y, 6.5));
      found.push(svg("text", { class: "sfv-mark-bang", x, y: y + 4.5 }, "!"));
    }
    return found;
  }

  /** Bins of 3 pixels: a low bar is from history, a high one executed now, as tall as its share. */
  bars(lane, y, path) {
    const bins = new Map();
    for (const i of lane.steps) {
      const x = Math.round(this.x(i) / 3) * 3;
      const bin = bins.get(x) ?? { r: 0, l: 0, q: 0 };
      bin[this.course.how(lane, i)] += 1;
      bins.set(x, bin);
    }
    const d = { r: "", l: "", q: "" };
    for (const [x, { r, l, q }] of bins) {
      if (r) d.r += `M${x} ${y + 5}v-6`;
      if (l) d.l += `M${x} ${y + 5}v-${8 + (5 * l) / (r + l + q)}`;
      if (q) d.q += `M${x} ${y - 2}v-3`;
    }
    path("low", d.r);
    path("high", d.l);
    path("dot", d.q);
  }

  /** The places of some steps, none closer than 6 pixels to the one before: what is drawn stays legible. */
  thinned(steps) {
    const places = [];
    for (const i of steps) if (!places.length || this.x(i) - places.at(-1) >= 6) places.push(this.x(i));
    return places;
  }

  between(i) {
    return Math.min(this.plot.clientWidth - 6, this.x(i) + Math.max(7, this.spacing / 2));
  }

  show(index) {
    this.index = index;
    if (this.spacing !== undefined) this.head.style.transform = `translateX(${this.x(index)}px)`;
  }

  grab(event) {
    this.plot.setPointerCapture(event.pointerId);
    this.drag(event);
  }

  drag(event) {
    if (event.type === "pointermove" && !event.buttons) return;
    const x = event.clientX - this.plot.getBoundingClientRect().left - this.inset;
    this.scrub(this.spacing ? clamp(Math.round(x / this.spacing), 0, this.course.count - 1) : 0);
  }
}

const disc = (x, y, r) => `M${x - r} ${y}a${r} ${r} 0 1 0 ${2 * r} 0a${r} ${r} 0 1 0 ${-2 * r} 0`;
const cross = (x, y) => `M${x - 4} ${y - 4}l8 8M${x + 4} ${y - 4}l-8 8`;
