import { eventWords, listed } from "./words.js";

/** What stands beside a file's lines at step i: `{line, css, text}`, in the order in which they are written. */
export function notesOf(trace, i, ofFile) {
  const notes = [];
  const waits = new Map();
  for (const wait of trace.waits(i)) if (wait.file === ofFile && wait.line) waits.set(wait.line, [...(waits.get(wait.line) ?? []), wait]);
  for (const [line, at] of waits) {
    notes.push({ line, css: "parked", text: `‖ ${listed(at.map((w) => `${w.task} waits here: ${w.text}`))}` });
  }
  const [lastFile, last] = trace.lines(i).at(-1) ?? [];
  if (trace.isCut(i) && lastFile === ofFile) notes.push({ line: last, css: "cut", text: trace.cutWords(i) });
  const [firstFile, first] = trace.lines(i)[0] ?? [];
  if (firstFile === ofFile && trace.stops.live.includes(i)) {
    const who = trace.workerWords(trace.worker(i)) || "the replay";
    notes.push({ line: first, css: "live", text: `● ${who} goes live here${reasonOf(trace, i)}` });
  }
  const { failure } = trace;
  if (failure?.step === i && failure.file === ofFile && failure.line) {
    notes.push({ line: failure.line, css: "bad", text: `! ${partingWords(failure)}` });
  }
  return notes;
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
  const did = actual ? `this code asked to ${actual}` : "this code made no command here";
  if (!expected) return actual ? `history does not hold this: ${did}` : "code and history part here";
  return `history has event ${expected.id}, ${eventWords(expected.type)}${expected.text ? ` (${expected.text})` : ""}; ${did}`;
}
