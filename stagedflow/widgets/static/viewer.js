// The replay viewer: one module, no framework, nothing fetched. A notebook calls `render`, a saved page calls `mount`.
// What comes from a workflow or a history reaches the page as text nodes and attributes only, never as markup.

// ---------------------------------------------------------------------------------------------- elements

/** An element with attributes ("onclick" is a listener, true an empty attribute, null none) and children. */
function h(tag, attributes, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes ?? {})) {
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (value !== null && value !== undefined && value !== false) element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...children.filter((child) => child !== null && child !== undefined && child !== false && child !== ""));
  return element;
}

function svg(tag, attributes, ...children) {
  const element = document.createElementNS("http://www.w3.org/2000/svg", tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  element.append(...children);
  return element;
}

const ICONS = {
  first: "M3 3v10M13 3L6 8l7 5z", back: "M11 3L4 8l7 5z", play: "M4 3l9 5-9 5z", pause: "M5 3v10M11 3v10",
  forward: "M5 3l7 5-7 5z", last: "M13 3v10M3 3l7 5-7 5z", up: "M3 11l5-6 5 6", down: "M3 5l5 6 5-6",
};

function icon(name) {
  const open = name === "up" || name === "down";
  return svg("svg", { viewBox: "0 0 16 16", "aria-hidden": "true", class: open ? "sfv-open" : "" }, svg("path", { d: ICONS[name] }));
}

function button(name, label, keys, action, text) {
  const title = keys ? `${label} (${keys})` : label;
  const click = ({ currentTarget }) => currentTarget.getAttribute("aria-disabled") === "true" || action();
  return h("button", { type: "button", class: `sfv-button sfv-${name}`, "aria-label": label, title, onclick: click },
    ICONS[name] ? icon(name) : "", text ? h("span", {}, text) : null);
}

/** Not `disabled`: a button that leads nowhere any more would drop the focus, and the keys with it. */
function allow(control, allowed) {
  const disabled = String(!allowed);
  if (control.getAttribute("aria-disabled") !== disabled) control.setAttribute("aria-disabled", disabled);
}

/** Write only what differs: a DOM that stays as it is costs no layout. */
function setText(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

/**
 * For the time in which parts are drawn anew: call it before, and what it gives afterwards. If that took the focus away
 * from within an element, the same control as it is drawn now gets it, or the part around it. Focus elsewhere stays there.
 */
function holdFocus(el) {
  const root = el.getRootNode();
  const held = root.activeElement;
  if (!held || held === el || !el.contains(held)) return () => {};
  const part = held.parentElement.closest("[tabindex]"); // el at the latest
  const twins = () => (held.tagName === "BUTTON" ? [...part.querySelectorAll("button")].filter((other) => other.textContent === held.textContent) : []);
  const place = twins().indexOf(held);
  const usable = (element) => element?.isConnected && !element.matches(":disabled, [hidden] *, .sfv-absent *");
  return () => {
    const elsewhere = root.activeElement !== held && el.contains(root.activeElement);
    if (!elsewhere && !usable(held)) [twins()[place], part, el].find(usable)?.focus({ preventScroll: true });
  };
}

const clamp = (value, low, high) => Math.max(low, Math.min(high, value));
const many = (count, one, more = `${one}s`) => `${count.toLocaleString("en")} ${count === 1 ? one : more}`;

// ------------------------------------------------------------------------------------------------- words

const HOW = {
  r: { sign: "↻", words: "from history", css: "again" },
  l: { sign: "●", words: "executed now", css: "live" },
  q: { sign: "?", words: "query", css: "query" },
};
const END = { crashed: "✕ crashed", stopped: "■ stopped", failed: "! failed" };
const KINDS = [["crash", "crash"], ["signal", "signal or update"], ["state", "state change"], ["live", "going live"], ["failure", "failure"], ["difference", "difference"]];

const eventWords = (type) => (type ? type[0] + type.slice(1).toLowerCase().replaceAll("_", " ") : "Event");

function offsetWords(ms) {
  if (ms === null || ms === undefined) return "";
  const seconds = Math.abs(ms) / 1000;
  const sign = ms < 0 ? "−" : "+";
  if (seconds < 100) return `${sign}${seconds.toFixed(seconds < 10 ? 2 : 1)} s`;
  const [minutes, hours, days] = [seconds / 60, seconds / 3600, seconds / 86400].map(Math.floor);
  if (hours < 1) return `${sign}${minutes} min ${Math.floor(seconds % 60)} s`;
  return days < 1 ? `${sign}${hours} h ${minutes % 60} min` : `${sign}${days} d ${hours % 24} h`;
}

/** "line 72", "lines 76, 62–63": in the order executed, each once, bounded. */
function linesWords(numbers) {
  const runs = [];
  for (const n of new Set(numbers)) {
    if (runs.length && n === runs.at(-1)[1] + 1) runs.at(-1)[1] = n;
    else runs.push([n, n]);
  }
  const shown = runs.slice(0, 8).map(([a, b]) => (a === b ? `${a}` : `${a}–${b}`)).join(", ");
  return `${new Set(numbers).size === 1 ? "line" : "lines"} ${shown}${runs.length > 8 ? " …" : ""}`;
}

// ------------------------------------------------------------------------------------------------- trace

/** The payload, made ready for questions: each answers in far less than a frame, for 10,000 steps. */
class Trace {
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

  short(i) {
    const reason = this.jobs(i).map((job) => job.text).join(", ");
    return `Step ${i + 1} of ${this.count}, ${HOW[this.how(i)].words}${reason ? `: ${reason}` : ""}`;
  }

  /** The step in sentences: for the heading and for a screen reader. */
  sentence(i) {
    const [jobs, commands, waits] = [this.jobs(i), this.commands(i), this.waits(i)];
    const ran = this.files.map(({ name }, f) => [f ? `${name} ` : "", this.lines(i).filter(([file]) => file === f).map(([, n]) => n)]);
    const lines = ran.filter(([, numbers]) => numbers.length).map(([name, numbers]) => `${name}${linesWords(numbers)}`);
    const changed = this.state(i).filter((value) => value.what);
    const parts = [
      jobs.length ? `brought ${listed(jobs.map((job) => job.text + (job.event ? ` (event ${job.event})` : "")))}` : "",
      lines.length ? `ran ${listed(lines)}${this.isCut(i) ? " and more lines than are kept" : ""}` : this.isCut(i) ? "ran lines of which none is kept" : "",
      changed.length ? listed(changed.map((v) => (v.what === "gone" ? `${v.name} is gone` : `${v.name} is ${brief(v.now)}`))) : "",
      commands.length ? `asked ${this.how(i) === "r" ? "again (not sent) " : ""}to ${listed(commands.map((c) => c.text + (c.event ? ` (event ${c.event})` : "")))}` : "",
      waits.length ? `now waits for ${listed(waits.map(placed))}` : "nothing waits",
    ].filter(Boolean);
    const text = parts.join("; ");
    return `${text[0].toUpperCase()}${text.slice(1)}.`;
  }

  /** The steps in which a text occurs: jobs, commands, waits, events, changed values, source lines. */
  search(query) {
    const wanted = query.toLowerCase();
    const has = (text) => text.toLowerCase().includes(wanted);
    const texts = this.texts.map(has);
    const types = new Map([...new Set(this.payload.events.type)].map((t) => [t, texts[t] || has(eventWords(this.texts[t]))]));
    const events = this.payload.events.type.map((type, row) => types.get(type) || texts[this.payload.events.text[row]]);
    let sum = 0;
    const before = [0, ...events.map((hit) => (sum += hit ? 1 : 0))];
    const lines = this.files.map((file) => file.lines.map(has));
    const paths = [];
    const pathHit = (i) => (paths[this.steps.lines[i]] ??= this.lines(i).some(([file, n]) => lines[file][n - 1]));
    const waits = this.payload.waits.map((flat) => flat.some((t, k) => k % 4 < 2 && texts[t]));
    const every = (flat, size, places) => flat.some((t, k) => places.includes(k % size) && texts[t]);
    const found = [];
    const [, what, number] = /^(event|line) (\d+)$/.exec(wanted) ?? [];
    const named = (i) => (what === "event" ? this.steps.first[i] <= number && number <= this.steps.last[i] : what === "line" && this.lines(i).some(([, n]) => n === Number(number)));
    for (let i = 0; i < this.count; i += 1) {
      const [a, b] = [this.rowOfEvent(this.steps.first[i]), this.rowOfEvent(this.steps.last[i])];
      if (every(this.steps.jobs[i], 3, [0]) || every(this.steps.commands[i], 4, [0]) || waits[this.steps.waiting[i]]
        || every(this.steps.effects[i] ?? [], 3, [0])
        || every(this.steps.state[i], 2, [0, 1]) || every(this.steps.locals[i], 2, [0, 1]) || pathHit(i)
        || texts[this.steps.failure[i]] || named(i) || (a >= 0 && b < before.length - 1 && before[b + 1] > before[a])) found.push(i);
    }
    return found;
  }
}

function inGroups(flat, size, make) {
  const found = [];
  for (let k = 0; k < flat.length; k += size) found.push(make(flat.slice(k, k + size)));
  return found;
}

/** The text that a name has at step i (binary search), or -1. */
function lookUp({ steps, texts }, i) {
  let [low, high] = [0, steps.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (steps[middle] <= i) low = middle + 1;
    else high = middle;
  }
  return low ? texts[low - 1] : -1;
}

/** A wait's words, with its line unless they tell it already ("… at staged.py:62"). */
const placed = ({ text, line }) => (line && !text.endsWith(`:${line}`) ? `${text} at line ${line}` : text);
const brief = (text) => (text.length > 60 ? `${text.slice(0, 59)}…` : text);
const listed = (texts) => texts.slice(0, 4).map((t) => (t.length > 160 ? `${t.slice(0, 159)}…` : t)).join(", ")
  + (texts.length > 4 ? ` and ${texts.length - 4} more` : "");

// ------------------------------------------------------------------------------------------------- strip

const [LANE, GLYPHS] = [26, 10];

/** All steps at a glance: one lane a worker, a mark a step; many steps become bars, but a crash is never lost. */
class Strip {
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

// ------------------------------------------------------------------------------------------------ player

/**
 * Moves a position (step, line within it) over a course and tells `moved` of it: buttons, slider, strip, keys, search.
 * A course: {count, lineCount(i), short(i), stops: {kind: [i]}, search(text), and what Strip needs}.
 */
class Player {
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

// ------------------------------------------------------------------------------------------------ source

const [WHOLE_FILE, WINDOW] = [1500, 400];
let serial = 0; // ids must differ between two viewers of one page

/** Source with this step's lines, the line reached, where coroutines wait, and what each worker has run so far. */
class SourcePane {
  constructor({ toLine }) {
    this.toLine = toLine;
    this.id = `sfv-source-${(serial += 1)}`;
    this.tabs = h("div", { class: "sfv-tabs" });
    this.heads = h("div", { class: "sfv-row sfv-heads", "aria-hidden": "true" });
    this.list = h("div", { class: "sfv-code", role: "listbox", tabindex: "0", "aria-label": "Source. Enter on a line: to the next step that ran it",
      onclick: (e) => this.click(e), onkeydown: (e) => this.keys(e), onblur: () => this.point(null) });
    this.el = h("section", { class: "sfv-pane sfv-source", "aria-label": "Source" }, h("header", {}, h("h4", {}, "Source"), this.tabs), this.list);
    this.file = 0;
    this.rows = new Map();
    this.touched = [];
  }

  load(trace) {
    const same = this.trace && JSON.stringify(this.trace.files) === JSON.stringify(trace.files);
    this.trace = trace;
    this.gutters = trace.workers.length > 1 ? [...trace.lastOf.keys()].filter((w) => w >= 0).slice(-3) : [];
    this.marks = this.firstRuns();
    const columns = `${"48px ".repeat(this.gutters.length)}54px 46px minmax(0, 1fr)`;
    if (same && columns === this.columns) return;
    this.columns = columns;
    this.tabs.replaceChildren(...trace.files.map((file, f) => h("button", { type: "button", class: "sfv-tab", onclick: () => this.open(f) }, file.name)));
    this.list.style.setProperty("--sfv-columns", columns);
    this.draw(clamp(this.file, 0, Math.max(0, trace.files.length - 1)), null);
  }

  /** `file:line` -> for each worker and sign where it ran that line first: what a gutter shows from there on. */
  firstRuns() {
    const { trace } = this;
    const found = new Map();
    const [places, done] = [new Map(), new Set()];
    for (let i = 0; i < trace.count; i += 1) {
      const [worker, how] = [trace.worker(i), trace.how(i)];
      const key = `${worker} ${how} ${trace.steps.lines[i]}`;
      if (how === "q" || done.has(key) || !this.gutters.includes(worker)) continue;
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
    this.heads.replaceChildren(...this.gutters.map((w) => this.head(w)), h("span", {}, "here"), h("span", {}, "line"), h("span", {}));
    const paint = lines.length <= 5000 ? painter() : (line) => [line];
    const body = [];
    lines.forEach((line, index) => {
      const pieces = paint(line);
      if (index + 1 >= this.from && index + 1 <= this.to) body.push(this.row(index + 1, line, pieces));
    });
    if (!lines.length) body.push(h("p", { class: "sfv-quiet" }, this.missing()));
    if (this.from > 1) body.unshift(this.more("▲ lines before", this.from));
    if (this.to < lines.length) body.push(this.more("▼ lines after", this.to));
    this.list.replaceChildren(...(this.gutters.length ? [this.heads] : []), ...body);
    [...this.tabs.children].forEach((tab, f) => tab.setAttribute("aria-pressed", f === file));
    this.tabs.hidden = !this.trace.files.length;
  }

  head(w) {
    const worker = this.trace.workers[w];
    const end = worker.how ? ` ${END[worker.how]?.[0] ?? ""}` : "";
    return h("span", { title: `${this.trace.workerWords(w)}${worker.how ? `, ${worker.how}` : ""}: the lines that it has run so far` }, `${worker.name}${end}`);
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
    const gutters = this.gutters.map(() => h("span", { class: "sfv-gutter" }));
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
    this.notes(i);
    this.showGutters(i, k);
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

  notes(i) {
    const { trace } = this;
    const waits = new Map();
    for (const wait of trace.waits(i)) if (wait.file === this.file && wait.line) waits.set(wait.line, [...(waits.get(wait.line) ?? []), wait]);
    for (const [line, at] of waits) {
      const whose = listed(at.map((w) => `${w.task} waits here: ${w.text}`));
      this.note(line, "parked", `‖ ${whose}`);
    }
    const [lastFile, last] = trace.lines(i).at(-1) ?? [];
    if (trace.isCut(i) && lastFile === this.file) this.note(last, "cut", trace.cutWords(i));
    const [file, first] = trace.lines(i)[0] ?? [];
    if (file === this.file && trace.stops.live.includes(i)) {
      this.note(first, "live", `● ${trace.workerWords(trace.worker(i)) || "the replay"} goes live here${reasonOf(trace, i)}`);
    }
    if (trace.failure && trace.failure.step === i && trace.failure.file === this.file && trace.failure.line) {
      this.note(trace.failure.line, "bad", `! ${partingWords(trace.failure)}`);
    }
  }

  note(line, css, text) {
    const row = this.rows.get(line);
    if (!row) return;
    const note = h("span", { class: `sfv-note sfv-is-${css}` }, text);
    row.element.classList.add(`sfv-row-${css}`);
    row.element.append(note);
    row.notes.push(note);
  }

  showGutters(i, k) {
    if (!this.gutters.length) return;
    for (const [n, { gutters }] of this.rows) {
      const marks = this.marks.get(`${this.file}:${n}`);
      if (!marks) continue;
      this.gutters.forEach((w, column) => {
        const shown = marks.filter((m) => m.worker === w && (m.step < i || (m.step === i && m.k <= k)));
        const text = shown.map((m) => `${HOW[m.how].sign}${m.place}`).join(" ");
        const cell = gutters[column];
        if (cell.textContent.trim() !== text) {
          cell.replaceChildren(...shown.flatMap((m) => [h("b", { class: `sfv-is-${HOW[m.how].css}` }, `${HOW[m.how].sign}${m.place}`), " "]));
        }
      });
    }
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
      this.point(clamp(this.cursor === null || this.cursor === undefined ? at : at + by, this.from, this.to));
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

function reasonOf(trace, i) {
  const reason = listed(trace.jobs(i).map((job) => job.text));
  return reason ? `, on ${reason}` : "";
}

/** What history holds and what the code did in its place. */
function partingWords({ kind, expected, actual, text }) {
  if (kind === "raised") return "raised here";
  if (kind === "deadlock") return "it did not yield here";
  if (kind !== "nondeterminism") return text;
  const held = expected ? `event ${expected.id}, ${eventWords(expected.type)}${expected.text ? ` (${expected.text})` : ""}` : "no further event";
  return `history has ${held}; this code ${actual ? `asked to ${actual}` : "made no command here"}`;
}

/** Python's comments, strings and keywords, line after line: a string may run over several. */
function painter() {
  const tokens = /("""|''')|("(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')|(#.*)|(@[\w.]+)|\b(False|None|True|and|as|assert|async|await|break|class|continue|def|del|elif|else|except|finally|for|from|global|if|import|in|is|lambda|match|nonlocal|not|or|pass|raise|return|try|while|with|yield)\b/g;
  let open = null;
  return (line) => {
    const pieces = [];
    let at = 0;
    const add = (to, css) => {
      if (to > at) pieces.push(css ? h("i", { class: `sfv-${css}` }, line.slice(at, to)) : line.slice(at, to));
      at = to;
    };
    while (at < line.length) {
      if (open) {
        const end = line.indexOf(open, at);
        add(end < 0 ? line.length : end + 3, "string");
        if (end >= 0) open = null;
        continue;
      }
      tokens.lastIndex = at;
      const found = tokens.exec(line);
      if (!found) { add(line.length); break; }
      add(found.index);
      if (found[1]) {
        const end = line.indexOf(found[1], at + 3);
        if (end < 0) open = found[1];
        add(end < 0 ? line.length : end + 3, "string");
      } else add(tokens.lastIndex, found[2] ? "string" : found[3] ? "comment" : found[4] ? "decorator" : "keyword");
    }
    return pieces.length ? pieces : [" "];
  };
}

// -------------------------------------------------------------------------------------------------- step

const MOST = 50; // rows of one kind: a step with 2,000 commands stays a page

/** What this step was: what came, what it asked for, where it waits, and the state it left. */
class StepPane {
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

// ----------------------------------------------------------------------------------------------- history

const ROW = 24; // pixels, as in viewer.css
const FLOWING = 200; // so many events are drawn whole, each as high as its words need

/** All events in a list. A long one draws only the rows in view, all of one height, and cuts their words. */
class HistoryPane {
  constructor({ toEvent }) {
    this.toEvent = toEvent;
    this.id = `sfv-history-${(serial += 1)}`;
    this.space = h("div", { class: "sfv-space" });
    this.list = h("div", { class: "sfv-events", role: "listbox", tabindex: "0", "aria-label": "History. Enter on an event: to the step that made it or brought it",
      onscroll: () => this.fill(), onclick: (e) => this.click(e), onkeydown: (e) => this.keys(e) }, this.space);
    this.count = h("span", { class: "sfv-quiet" });
    this.el = h("section", { class: "sfv-pane sfv-history", "aria-label": "History" }, h("header", {}, h("h4", {}, "History"), this.count,
      h("span", { class: "sfv-key" }, h("b", { class: "sfv-is-job" }, "◆"), " resolves  ", h("b", { class: "sfv-is-brought" }, "┃"), " came  ",
        h("b", { class: "sfv-is-command" }, "⇠"), " its command")), this.list);
    this.watch = new ResizeObserver(() => this.fill());
    this.watch.observe(this.list);
    this.sets = { jobs: new Set(), commands: new Set() };
  }

  load(trace) {
    this.trace = trace;
    this.flows = trace.eventCount <= FLOWING;
    this.space.classList.toggle("sfv-flows", this.flows);
    this.space.style.height = this.flows ? "" : `${trace.eventCount * ROW}px`;
    this.loaded = serial += 1;
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
    if (this.cursor === null || this.cursor === undefined) list.removeAttribute("aria-activedescendant");
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
      const at = this.cursor ?? trace.rowOfEvent(this.seen);
      this.cursor = clamp(this.cursor === null || this.cursor === undefined ? at : at + by, 0, trace.eventCount - 1);
      this.reveal(this.cursor);
      this.fill();
      event.preventDefault();
    } else if (event.key === "Enter" && this.cursor !== null && this.cursor !== undefined) this.toEvent(trace.eventAtRow(this.cursor).id);
  }
}

// ------------------------------------------------------------------------------------------------ viewer

/** The frame of both viewers: heading, notes, player, live region, and a place for the panes. */
class Frame {
  constructor(label) {
    this.title = h("h3", {});
    this.where = h("p", { class: "sfv-where" });
    this.told = h("p", { class: "sfv-told" });
    this.notes = h("div", { class: "sfv-notes" });
    this.said = h("div", { class: "sfv-unseen", role: "status", "aria-live": "polite" });
    this.player = new Player((i, k) => this.moved(i, k), (action) => this.guarded(action));
    this.panes = h("div", { class: "sfv-panes" });
    this.el = h("section", { class: "sfv", tabindex: "-1", "aria-label": label, "data-lm-suppress-shortcuts": "true", onkeydown: (e) => this.key(e) },
      h("div", { class: "sfv-top" }, this.title, this.where), this.notes, this.player.el, this.told, this.panes, this.said);
    this.watch = new ResizeObserver(() => this.resized());
    this.watch.observe(this.el);
  }

  /** A notebook takes cells that are out of view from the page, and with them the panes' places. */
  resized() {
    const [before, now] = [this.visible, this.el.clientWidth > 0];
    this.visible = now;
    if (now && before === false) this.player.go(this.player.step, this.player.line);
  }

  key(event) {
    if (this.player.key(event)) event.preventDefault();
    event.stopPropagation(); // a notebook around us must not act on it, too
  }

  /** Tell a screen reader where it is once the reader rests: not every step of a scrub. */
  say(text) {
    clearTimeout(this.saying);
    this.saying = setTimeout(() => setText(this.said, text), 300);
  }

  /** What cannot be drawn is told, and does not take the rest with it. */
  guarded(action) {
    const giveBack = holdFocus(this.el);
    try {
      action();
      this.trouble?.remove();
      this.trouble = null;
    } catch (error) {
      this.trouble?.remove();
      this.trouble = troubleBox(error);
      this.el.prepend(this.trouble);
    }
    giveBack();
  }

  close() {
    clearTimeout(this.saying);
    this.watch.disconnect();
    this.player.close();
  }
}

function troubleBox(error) {
  console.error(error);
  return h("p", { class: "sfv-trouble", role: "alert" }, `! This cannot be drawn: ${error?.message ?? error}. The trace itself is not changed by it.`);
}

/** Where a reader may go by a click, on one trace. */
class Ways {
  constructor(player, { stepOf = (i) => i, now = () => player.step } = {}) {
    Object.assign(this, { player, stepOf, now });
    for (const name of ["toEvent", "toLine", "toPlace"]) this[name] = this[name].bind(this);
  }

  toEvent(id) {
    const found = this.trace.stepsOfEvent(id);
    const at = found.indexOf(this.now());
    const worker = this.trace.worker(this.now());
    const target = at >= 0 ? found[(at + 1) % found.length] : found.find((i) => this.trace.worker(i) === worker) ?? found[0];
    if (target !== undefined) this.player.go(this.stepOf(target));
  }

  /** The next step in which the line ran, wrapping round. */
  toLine(file, line) {
    const { count } = this.trace;
    const place = (i) => this.trace.lines(i).findIndex(([f, n]) => f === file && n === line);
    for (let n = 1; n <= count; n += 1) {
      const i = (this.now() + n) % count;
      const k = place(i);
      if (k >= 0) return this.player.go(this.stepOf(i), k);
    }
    return undefined;
  }

  /** The place of a command or a wait: this step's line if it ran in it, else the source alone goes there. */
  toPlace(file, line) {
    const i = this.now();
    const k = this.trace.lines(i).findLastIndex(([f, n]) => f === file && n === line);
    if (k >= 0) this.player.go(this.stepOf(i), k);
    else this.source.pointAt(file, line);
  }
}

class Viewer extends Frame {
  constructor(payload) {
    super("Replay viewer");
    this.ways = new Ways(this.player);
    this.source = this.ways.source = new SourcePane(this.ways);
    this.step = new StepPane(this.ways);
    this.history = new HistoryPane(this.ways);
    this.parts = [this.source, this.step, this.history];
    this.panes.append(...this.parts.map((part) => part.el));
    this.load(payload);
  }

  load(payload) {
    const trace = new Trace(payload);
    this.trace = this.ways.trace = trace;
    setText(this.title, trace.type);
    const noted = JSON.stringify([trace.failure, trace.notes]);
    if (noted !== this.noted) this.notes.replaceChildren(...noteRows(trace, () => this.player.go(trace.failure.step)));
    this.noted = noted;
    this.parts.forEach((part) => part.load(trace));
    this.player.load(singleCourse(trace));
    this.panes.hidden = !trace.count;
    if (!trace.count) setText(this.told, trace.failure ? "No step was recorded before the failure." : "There is no step to show yet: no worker has run this workflow.");
  }

  /** New data: the reader keeps their place; from the last step they follow on to a new one. */
  update(read) {
    this.guarded(() => {
      const payload = read();
      const { player } = this;
      const [step, line, count] = [player.step, player.line, this.trace.count];
      const seen = [this.source.list, this.history.list].map((list) => [list, list.scrollTop]);
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
    const how = HOW[trace.how(i)];
    const lines = trace.lines(i).length;
    const at = offsetWords(trace.at(i));
    const within = trace.isCut(i) ? lines > 0 : k < lines - 1; // of a step that was cut, the last line kept is not its end
    const bits = [trace.workerWords(trace.worker(i)), at && `at ${at}`,
      within && `line ${(k + 1).toLocaleString("en")} of ${trace.isCut(i) ? "the " : ""}${lines.toLocaleString("en")}${trace.isCut(i) ? " kept" : ""}; state as at the step's end`];
    const end = trace.endAfter(i);
    this.where.replaceChildren(h("b", {}, `Step ${i + 1} of ${trace.count}`), h("b", { class: `sfv-pill sfv-is-${how.css}` }, `${how.sign} ${how.words}`),
      ...bits.filter(Boolean).map((bit) => h("span", {}, bit)), end === "crashed" ? h("b", { class: "sfv-is-bad" }, "✕ then its worker crashed") : "");
    const told = trace.sentence(i);
    setText(this.told, told);
    this.say(`${trace.short(i)}. ${told}${end === "crashed" ? " Then its worker crashed." : ""}`);
    this.source.show(i, k);
    this.step.show(i);
    this.history.show(i);
  }

  close() {
    super.close();
    this.history.watch.disconnect();
  }
}

function noteRows(trace, toFailure, whose = "") {
  const { failure } = trace;
  const box = failure && h("div", { class: "sfv-trouble" }, h("p", {}, h("b", {}, "! "), whose, failure.text, " ",
    trace.count > 0 && h("button", { type: "button", class: "sfv-link", onclick: toFailure }, `Go to step ${failure.step + 1}`)),
  failure.message ? h("details", {}, h("summary", {}, "Temporal's own words"), h("pre", {}, failure.message)) : null);
  return [box, ...trace.notes.map((note) => h("p", { class: "sfv-quiet" }, `${whose}${note}`))].filter(Boolean);
}

const MOST_LANES = 8;

/** A trace as what a Player plays. */
function singleCourse(trace) {
  const early = trace.workers.length > MOST_LANES ? trace.workers.length - MOST_LANES + 1 : 0;
  const lanes = trace.workers.slice(early).map((worker) => (
    { label: `${worker.name} pid ${worker.pid} ${END[worker.how] ?? ""}`.trim(), css: worker.how ? `sfv-lane-${worker.how}` : "", steps: [] }));
  if (early) lanes.unshift({ label: `${early} earlier workers`, steps: [] });
  const other = { label: trace.workers.length ? "no worker" : "replay", steps: [] };
  const laneOf = (i) => (trace.worker(i) < 0 ? other : lanes[Math.max(0, trace.worker(i) - early + (early ? 1 : 0))]);
  for (let i = 0; i < trace.count; i += 1) laneOf(i).steps.push(i);
  return {
    count: trace.count,
    lanes: other.steps.length || !lanes.length ? [...lanes, other] : lanes,
    how: (_, i) => trace.how(i),
    lineCount: (i) => trace.lines(i).length,
    short: (i) => trace.short(i),
    stops: trace.stops,
    signals: trace.stops.signal,
    failures: trace.stops.failure,
    crashes: trace.stops.crash.map((step) => ({ step, lane: laneOf(step) })),
    search: (text) => trace.search(text),
  };
}

// ----------------------------------------------------------------------------------------------- compare

/** One of two traces: its panes, and what it says where it has no step. */
class Side {
  constructor(viewer, place, name, trace) {
    const pairs = viewer.pairs;
    const pairOf = new Map(pairs.map((pair, n) => [pair[place], n]));
    const now = () => {
      const before = pairs.slice(0, viewer.player.step + 1).findLast((pair) => pair[place] >= 0);
      return before ? before[place] : 0;
    };
    Object.assign(this, { place, trace, name });
    this.ways = new Ways(viewer.player, { stepOf: (i) => pairOf.get(i), now });
    this.ways.trace = trace;
    this.source = this.ways.source = new SourcePane(this.ways);
    this.step = new StepPane(this.ways);
    this.history = new HistoryPane(this.ways);
    this.where = h("p", { class: "sfv-where" });
    this.panes = h("div", { class: "sfv-panes" }, this.source.el, this.step.el, this.history.el);
    this.notes = noteRows(trace, () => viewer.player.go(pairOf.get(trace.failure.step)), `${name}: `);
    this.el = h("section", { class: "sfv-side", "aria-label": name }, h("h4", { class: "sfv-name" }, name), this.where, this.panes);
    [this.source, this.step, this.history].forEach((part) => part.load(trace));
  }

  show(i, k, differs) {
    const { trace } = this;
    this.panes.classList.toggle("sfv-absent", i < 0);
    if (i < 0) return this.where.replaceChildren(h("span", {}, "No step here: this trace has none that these events brought."));
    const how = HOW[trace.how(i)];
    this.where.replaceChildren(h("b", {}, `Step ${i + 1} of ${trace.count}`), h("b", { class: `sfv-pill sfv-is-${how.css}` }, `${how.sign} ${how.words}`),
      h("span", {}, trace.workerWords(trace.worker(i))), differs.includes("lines") ? h("b", { class: "sfv-is-differs" }, "≠ other lines ran") : "");
    this.source.show(i, Math.min(k, trace.lines(i).length - 1));
    this.step.show(i, differs);
    this.history.show(i);
    return undefined;
  }
}

/** Two traces in step. */
class CompareViewer extends Frame {
  constructor(payload) {
    super("Two replays in step");
    const { compare } = payload;
    this.compare = compare;
    this.pairs = compare.pairs;
    this.sides = ["a", "b"].map((key, place) => new Side(this, place, compare.names[place], new Trace(payload[key])));
    const [a, b] = this.sides;
    setText(this.title, a.trace.type === b.trace.type ? `${a.trace.type}: two replays in step` : `${a.trace.type} and ${b.trace.type} in step`);
    this.notes.replaceChildren(h("p", {}, compare.summary), ...this.sides.flatMap((side) => side.notes));
    this.panes.className = "sfv-pair";
    this.panes.append(...this.sides.map((side) => side.el));
    this.player.load(this.course());
    if (this.player.course.stops.difference.length) this.player.kind.value = "difference";
    this.player.offer();
  }

  differs(n) { return this.pairs[n].slice(2).map((d) => this.compare.differences[d]); }

  course() {
    const { pairs, sides } = this;
    const lanes = sides.map((side) => ({ label: side.name, side, steps: indices(pairs, (pair) => pair[side.place] >= 0) }));
    const difference = indices(pairs, (pair) => pair.length > 2);
    const stopsOf = ({ side: { place, trace } }, kind) => indices(pairs, (pair) => pair[place] >= 0 && sets.get(trace)[kind].has(pair[place]));
    const sets = new Map(sides.map(({ trace }) => [trace, Object.fromEntries(Object.entries(trace.stops).map(([kind, stops]) => [kind, new Set(stops)]))]));
    for (const lane of lanes) Object.assign(lane, { signals: stopsOf(lane, "signal"), failures: stopsOf(lane, "failure") });
    const stops = Object.fromEntries(["crash", "signal", "state", "live", "failure"].map((kind) => [kind, merged(lanes.map((lane) => stopsOf(lane, kind)))]));
    return {
      count: pairs.length,
      lanes: difference.length ? [...lanes, { label: "differs", differs: true, steps: difference }] : lanes,
      how: ({ side }, n) => side.trace.how(pairs[n][side.place]),
      lineCount: (n) => Math.max(0, ...sides.map((side) => (pairs[n][side.place] < 0 ? 0 : side.trace.lines(pairs[n][side.place]).length))),
      short: (n) => `Pair ${n + 1} of ${pairs.length}${pairs[n].length > 2 ? `, differs: ${this.differs(n).join(", ")}` : ", the same"}`,
      stops: { ...stops, difference },
      signals: stops.signal,
      failures: stops.failure,
      crashes: lanes.flatMap((lane) => stopsOf(lane, "crash").map((step) => ({ step, lane }))),
      search: (text) => merged(sides.map(({ place, trace }) => {
        const found = new Set(trace.search(text));
        return indices(pairs, (pair) => found.has(pair[place]));
      })),
    };
  }

  moved(n, k) {
    const differs = this.differs(n);
    this.where.replaceChildren(h("b", {}, `Pair ${n + 1} of ${this.pairs.length}`),
      h("b", { class: differs.length ? "sfv-pill sfv-is-differs" : "sfv-pill sfv-is-live" }, differs.length ? `≠ differs: ${differs.join(", ")}` : "= the same"));
    const told = this.compare.told[n] ?? "Both do the same.";
    const text = `${told[0].toUpperCase()}${told.slice(1)}`;
    setText(this.told, text);
    this.say(`${this.player.course.short(n)}. ${text}`);
    for (const side of this.sides) side.show(this.pairs[n][side.place], k, differs);
  }

  update() {} // a comparison does not change

  close() {
    super.close();
    this.sides.forEach((side) => side.history.watch.disconnect());
  }
}

const indices = (pairs, wanted) => pairs.flatMap((pair, n) => (wanted(pair) ? [n] : []));
const merged = (lists) => [...new Set(lists.flat())].sort((a, b) => a - b);

// ----------------------------------------------------------------------------------------------- entries

/** A reader begins at the trouble, if there is some. */
function firstStep(payload) {
  const differing = payload?.compare?.pairs?.findIndex((pair) => pair.length > 2);
  return Math.max(0, differing ?? payload?.failure?.step ?? 0);
}

/**
 * Show what `read` gives in an element, from a step on; with `focus`, keys work at once, unless the page is part of another.
 * Gives {update(read), go(step), close()}; never throws.
 */
export function mount(el, read, { step, moved, focus } = {}) {
  let viewer = null;
  try {
    const payload = read();
    viewer = payload?.compare ? new CompareViewer(payload) : new Viewer(payload);
    el.replaceChildren(viewer.el);
    if (moved) {
      const inner = viewer.player.moved;
      viewer.player.moved = (i, k) => { inner(i, k); moved(i); };
    }
    viewer.player.go(step ?? firstStep(payload));
    if (focus && window.parent === window) viewer.el.focus({ preventScroll: true });
  } catch (error) {
    el.replaceChildren(h("section", { class: "sfv" }, troubleBox(error)));
  }
  return {
    viewer,
    update: (next) => viewer?.update(next),
    go: (i) => viewer && i !== viewer.player.step && viewer.player.go(i),
    close: () => viewer?.close(),
  };
}

function render({ model, el }) {
  const payload = () => JSON.parse(new TextDecoder().decode(model.get("_payload")));
  let telling = null;
  const tell = (step) => {
    clearTimeout(telling); // the kernel need not hear of every step of a scrub
    telling = setTimeout(() => { model.set("step", step); model.save_changes(); }, 200);
  };
  const shown = mount(el, payload, { step: model.get("step"), moved: tell });
  const update = () => shown.update(payload);
  const move = () => shown.go(model.get("step"));
  model.on("change:_payload", update);
  model.on("change:step", move);
  return () => {
    clearTimeout(telling);
    model.off("change:_payload", update);
    model.off("change:step", move);
    shown.close();
  };
}

export default { render };
