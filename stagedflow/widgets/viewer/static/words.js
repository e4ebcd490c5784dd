export const HOW = {
  r: { sign: "↻", words: "from history", css: "again" },
  l: { sign: "●", words: "executed now", css: "live" },
  q: { sign: "?", words: "query", css: "query" },
};
export const END = { crashed: "✕ crashed", stopped: "■ stopped", failed: "! failed" };

export const eventWords = (type) => (type ? type[0] + type.slice(1).toLowerCase().replaceAll("_", " ") : "Event");

export function offsetWords(ms) {
  if (ms === null || ms === undefined) return "";
  const seconds = Math.abs(ms) / 1000;
  const sign = ms < 0 ? "−" : "+";
  if (seconds < 100) return `${sign}${seconds.toFixed(seconds < 10 ? 2 : 1)} s`;
  const [minutes, hours, days] = [seconds / 60, seconds / 3600, seconds / 86400].map(Math.floor);
  if (hours < 1) return `${sign}${minutes} min ${Math.floor(seconds % 60)} s`;
  return days < 1 ? `${sign}${hours} h ${minutes % 60} min` : `${sign}${days} d ${hours % 24} h`;
}

/** "line 72", "lines 76, 62–63": in the order executed, each once, bounded. */
export function linesWords(numbers) {
  const runs = [];
  for (const n of new Set(numbers)) {
    if (runs.length && n === runs.at(-1)[1] + 1) runs.at(-1)[1] = n;
    else runs.push([n, n]);
  }
  const shown = runs.slice(0, 8).map(([a, b]) => (a === b ? `${a}` : `${a}–${b}`)).join(", ");
  return `${new Set(numbers).size === 1 ? "line" : "lines"} ${shown}${runs.length > 8 ? " …" : ""}`;
}

export const many = (count, one, more = `${one}s`) => `${count.toLocaleString("en")} ${count === 1 ? one : more}`;
export const brief = (text) => (text.length > 60 ? `${text.slice(0, 59)}…` : text);
export const listed = (texts) => texts.slice(0, 4).map((t) => (t.length > 160 ? `${t.slice(0, 159)}…` : t)).join(", ")
  + (texts.length > 4 ? ` and ${texts.length - 4} more` : "");
