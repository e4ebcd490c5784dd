// What a saved page runs: it carries its payload with it.

import { mount } from "./mount.js";

const payload = () => JSON.parse(document.getElementById("payload").textContent);
mount(document.getElementById("viewer"), payload, { focus: true });
