import { CompareViewer } from "./compare.js";
import { h } from "./elements.js";
import { troubleBox } from "./trouble.js";
import { Viewer } from "./viewer.js";

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
    update: (next) => viewer?.update(next),
    go: (i) => viewer && i !== viewer.player.step && viewer.player.go(i),
    close: () => viewer?.close(),
  };
}
