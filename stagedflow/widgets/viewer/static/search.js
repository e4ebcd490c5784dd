import { eventWords } from "./words.js";

/** The steps in which a text occurs: jobs, commands, waits, events, changed values, source lines. */
export function search(trace, query) {
  const wanted = query.toLowerCase();
  const has = (text) => text.toLowerCase().includes(wanted);
  const texts = trace.texts.map(has);
  const types = new Map([...new Set(trace.payload.events.type)].map((t) => [t, texts[t] || has(eventWords(trace.texts[t]))]));
  const events = trace.payload.events.type.map((type, row) => types.get(type) || texts[trace.payload.events.text[row]]);
  let sum = 0;
  const before = [0, ...events.map((hit) => (sum += hit ? 1 : 0))];
  const lines = trace.files.map((file) => file.lines.map(has));
  const paths = [];
  const pathHit = (i) => (paths[trace.steps.lines[i]] ??= trace.lines(i).some(([file, n]) => lines[file][n - 1]));
  const waits = trace.payload.waits.map((flat) => flat.some((t, k) => k % 4 < 2 && texts[t]));
  const every = (flat, size, places) => flat.some((t, k) => places.includes(k % size) && texts[t]);
  const found = [];
  const [, what, number] = /^(event|line) (\d+)$/.exec(wanted) ?? [];
  const named = (i) => (what === "event" ? trace.steps.first[i] <= number && number <= trace.steps.last[i] : what === "line" && trace.lines(i).some(([, n]) => n === Number(number)));
  for (let i = 0; i < trace.count; i += 1) {
    const [a, b] = [trace.rowOfEvent(trace.steps.first[i]), trace.rowOfEvent(trace.steps.last[i])];
    if (every(trace.steps.jobs[i], 3, [0]) || every(trace.steps.commands[i], 4, [0]) || waits[trace.steps.waiting[i]]
      || every(trace.steps.effects[i] ?? [], 3, [0])
      || every(trace.steps.state[i], 2, [0, 1]) || every(trace.steps.locals[i], 2, [0, 1]) || pathHit(i)
      || texts[trace.steps.failure[i]] || named(i) || (a >= 0 && b < before.length - 1 && before[b + 1] > before[a])) found.push(i);
  }
  return found;
}
