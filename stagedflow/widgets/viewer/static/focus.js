/**
 * For the time in which parts are drawn anew: call it before, and what it gives afterwards. If that took the focus away
 * from within an element, the same control as it is drawn now gets it, or the part around it. Focus elsewhere stays there.
 */
export function holdFocus(el) {
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
