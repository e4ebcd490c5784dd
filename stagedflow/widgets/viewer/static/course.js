import { search } from "./search.js";
import { short } from "./sentence.js";
import { END } from "./words.js";

const MOST_LANES = 8;

/** A trace as what a Player plays. */
export function singleCourse(trace) {
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
    short: (i) => short(trace, i),
    stops: trace.stops,
    signals: trace.stops.signal,
    failures: trace.stops.failure,
    crashes: trace.stops.crash.map((step) => ({ step, lane: laneOf(step) })),
    search: (text) => search(trace, text),
  };
}
