import { brief, HOW, linesWords, listed } from "./words.js";

/** A step in a few words: its number, how it ran, and what it brought. */
export function short(trace, i) {
  const reason = trace.jobs(i).map((job) => job.text).join(", ");
  return `Step ${i + 1} of ${trace.count}, ${HOW[trace.how(i)].words}${reason ? `: ${reason}` : ""}`;
}

/** The step in sentences: for the heading and for a screen reader. */
export function sentence(trace, i) {
  const [jobs, commands, waits] = [trace.jobs(i), trace.commands(i), trace.waits(i)];
  const ran = trace.files.map(({ name }, f) => [f ? `${name} ` : "", trace.lines(i).filter(([file]) => file === f).map(([, n]) => n)]);
  const lines = ran.filter(([, numbers]) => numbers.length).map(([name, numbers]) => `${name}${linesWords(numbers)}`);
  const changed = trace.state(i).filter((value) => value.what);
  const parts = [
    jobs.length ? `brought ${listed(jobs.map((job) => job.text + (job.event ? ` (event ${job.event})` : "")))}` : "",
    lines.length ? `ran ${listed(lines)}${trace.isCut(i) ? " and more lines than are kept" : ""}` : trace.isCut(i) ? "ran lines of which none is kept" : "",
    changed.length ? listed(changed.map((v) => (v.what === "gone" ? `${v.name} is gone` : `${v.name} is ${brief(v.now)}`))) : "",
    commands.length ? `asked ${trace.how(i) === "r" ? "again (not sent) " : ""}to ${listed(commands.map((c) => c.text + (c.event ? ` (event ${c.event})` : "")))}` : "",
    waits.length ? `now waits for ${listed(waits.map(placed))}` : "nothing waits",
  ].filter(Boolean);
  const text = parts.join("; ");
  return `${text[0].toUpperCase()}${text.slice(1)}.`;
}

/** A wait's words, with its line unless they tell it already ("… at staged.py:62"). */
const placed = ({ text, line }) => (line && !text.endsWith(`:${line}`) ? `${text} at line ${line}` : text);
