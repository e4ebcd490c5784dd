// What a notebook loads: the kernel's model gives the payload and the step, and hears of moves.

import { mount } from "./mount.js";

function render({ model, el }) {
  const payload = () => JSON.parse(new TextDecoder().decode(model.get("_payload")));
  let telling = null;
  const tell = (step) => {
    clearTimeout(telling); // the kernel need not hear of every step of a scrub
    telling = setTimeout(() => { model.set("step", step); model.save_changes(); }, 200);
  };
  const shown = mount(el, payload, { step: model.get("step"), moved: tell });
  const update = () => shown.update(payload);
  const move = () => shown.go(model.get("step"));
  model.on("change:_payload", update);
  model.on("change:step", move);
  return () => {
    clearTimeout(telling);
    model.off("change:_payload", update);
    model.off("change:step", move);
    shown.close();
  };
}

export default { render };
