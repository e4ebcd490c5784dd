import { h, svg } from "./elements.js";

const ICONS = {
  first: "M3 3v10M13 3L6 8l7 5z", back: "M11 3L4 8l7 5z", play: "M4 3l9 5-9 5z", pause: "M5 3v10M11 3v10",
  forward: "M5 3l7 5-7 5z", last: "M13 3v10M3 3l7 5-7 5z", up: "M3 11l5-6 5 6", down: "M3 5l5 6 5-6",
};

export function icon(name) {
  const open = name === "up" || name === "down";
  return svg("svg", { viewBox: "0 0 16 16", "aria-hidden": "true", class: open ? "sfv-open" : "" }, svg("path", { d: ICONS[name] }));
}

export function button(name, label, keys, action, text) {
  const title = keys ? `${label} (${keys})` : label;
  const click = ({ currentTarget }) => currentTarget.getAttribute("aria-disabled") === "true" || action();
  return h("button", { type: "button", class: `sfv-button sfv-${name}`, "aria-label": label, title, onclick: click },
    ICONS[name] ? icon(name) : "", text ? h("span", {}, text) : null);
}

/** Not `disabled`: a button that leads nowhere any more would drop the focus, and the keys with it. */
export function allow(control, allowed) {
  const disabled = String(!allowed);
  if (control.getAttribute("aria-disabled") !== disabled) control.setAttribute("aria-disabled", disabled);
}
