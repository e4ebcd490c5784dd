import { h } from "./elements.js";
import { HOW } from "./words.js";

/** Which step this is, and whether it came from history or was executed now. */
export function stepHead(trace, i) {
  const how = HOW[trace.how(i)];
  return [h("b", {}, `Step ${i + 1} of ${trace.count}`), h("b", { class: `sfv-pill sfv-is-${how.css}` }, `${how.sign} ${how.words}`)];
}
