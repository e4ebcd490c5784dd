import { search } from "./search.js";

/** Two traces in step as what a Player plays; `differs` names what is not the same in a pair. */
export function pairsCourse(pairs, sides, differs) {
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
    short: (n) => `Pair ${n + 1} of ${pairs.length}${pairs[n].length > 2 ? `, differs: ${differs(n).join(", ")}` : ", the same"}`,
    stops: { ...stops, difference },
    signals: stops.signal,
    failures: stops.failure,
    crashes: lanes.flatMap((lane) => stopsOf(lane, "crash").map((step) => ({ step, lane }))),
    search: (text) => merged(sides.map(({ place, trace }) => {
      const found = new Set(search(trace, text));
      return indices(pairs, (pair) => found.has(pair[place]));
    })),
  };
}

const indices = (pairs, wanted) => pairs.flatMap((pair, n) => (wanted(pair) ? [n] : []));
const merged = (lists) => [...new Set(lists.flat())].sort((a, b) => a - b);
