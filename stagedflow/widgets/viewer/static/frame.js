import { h, setText } from "./elements.js";
import { holdFocus } from "./focus.js";
import { Player } from "./player.js";
import { troubleBox } from "./trouble.js";

/** The frame of both viewers: heading, notes, player, what is told, live region. Each viewer puts its panes after `told`. */
export class Frame {
  constructor(label) {
    this.title = h("h3", {});
    this.where = h("p", { class: "sfv-where" });
    this.told = h("p", { class: "sfv-told" });
    this.notes = h("div", { class: "sfv-notes" });
    this.said = h("div", { class: "sfv-unseen", role: "status", "aria-live": "polite" });
    this.player = new Player((i, k) => this.moved(i, k), (action) => this.guarded(action));
    this.el = h("section", { class: "sfv", tabindex: "-1", "aria-label": label, "data-lm-suppress-shortcuts": "true", onkeydown: (e) => this.key(e) },
      h("div", { class: "sfv-top" }, this.title, this.where), this.notes, this.player.el, this.told, this.said);
    this.watch = new ResizeObserver(() => this.resized());
    this.watch.observe(this.el);
  }

  /** A notebook takes cells that are out of view from the page, and with them the panes' places. */
  resized() {
    const [before, now] = [this.visible, this.el.clientWidth > 0];
    this.visible = now;
    if (now && before === false) this.player.go(this.player.step, this.player.line);
  }

  key(event) {
    if (this.player.key(event)) event.preventDefault();
    event.stopPropagation(); // a notebook around us must not act on it, too
  }

  /** Tell a screen reader where it is once the reader rests: not every step of a scrub. */
  say(text) {
    clearTimeout(this.saying);
    this.saying = setTimeout(() => setText(this.said, text), 300);
  }

  /** What cannot be drawn is told, and does not take the rest with it. */
  guarded(action) {
    const giveBack = holdFocus(this.el);
    try {
      action();
      this.trouble?.remove();
      this.trouble = null;
    } catch (error) {
      this.trouble?.remove();
      this.trouble = troubleBox(error);
      this.el.prepend(this.trouble);
    }
    giveBack();
  }

  close() {
    clearTimeout(this.saying);
    this.watch.disconnect();
    this.player.close();
  }
}
