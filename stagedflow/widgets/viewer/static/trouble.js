import { h } from "./elements.js";

/** That something cannot be drawn, and why. */
export function troubleBox(error) {
  console.error(error);
  return h("p", { class: "sfv-trouble", role: "alert" }, `! This cannot be drawn: ${error?.message ?? error}. The trace itself is not changed by it.`);
}

/** A trace's failure, with a way to its step, and its notes. */
export function noteRows(trace, toFailure, whose = "") {
  const { failure } = trace;
  const box = failure && h("div", { class: "sfv-trouble" }, h("p", {}, h("b", {}, "! "), whose, failure.text, " ",
    trace.count > 0 && h("button", { type: "button", class: "sfv-link", onclick: toFailure }, `Go to step ${failure.step + 1}`)),
  failure.message ? h("details", {}, h("summary", {}, "Temporal's own words"), h("pre", {}, failure.message)) : null);
  return [box, ...trace.notes.map((note) => h("p", { class: "sfv-quiet" }, `${whose}${note}`))].filter(Boolean);
}
