// @ts-check
// The conversation as elements. Knows nothing of the network.

import { byId, button, make, written } from "./elements.js";
import { Rendered } from "./markdown.js";
import { number, t } from "./words.js";

const list = byId("conversation");
const scroll = byId("scroll");

// The view stays at the end of the conversation if that is where the reader left it.
let following = false;
scroll.addEventListener("scroll", () => {
  following = scroll.scrollHeight - scroll.scrollTop - scroll.clientHeight < 80;
}, { passive: true });
new ResizeObserver(follow).observe(scroll);

function follow() {
  if (following) scroll.scrollTop = scroll.scrollHeight;
}

function toEnd() {
  following = true;
  follow();
}

function turn(name, speaker) {
  const item = make("li", { class: `turn ${name}` }, make("span", { class: "unseen" }, speaker));
  list.append(item);
  return item;
}

export function clear() {
  following = false;
  list.replaceChildren();
}

/** What the reader said. */
export function said(text) {
  turn("mine", t("you")).append(make("div", { class: "words plain" }, text));
  toEnd();
}

/** An answer that grows, of the model or of the house. */
export class Answer {
  #item;
  #words = make("div", { class: "words" });
  #about = make("p", { class: "about" });
  #choices = make("div", { class: "choices" });
  #rendered = new Rendered(this.#words);
  #frame = 0;
  #thoughts = null;
  #progress = null;
  text = "";

  /** @param {"theirs" | "house"} who */
  constructor(who) {
    for (const each of list.querySelectorAll(".choices")) each.remove();
    this.#item = turn(`${who} answering`, t(who));
    this.#item.append(this.#words, this.#about, this.#choices);
    toEnd();
  }

  /** The line below the text. */
  note(text) {
    this.#about.replaceChildren(...written(text));
    follow();
  }

  /** How far the prompt is read. */
  reading({ processed, total, cache }) {
    if (!this.#progress) {
      this.#progress = make("progress", { "aria-label": t("reading.label") });
      this.#about.before(this.#progress);
    }
    this.#progress.max = total;
    this.#progress.value = processed;
    const known = cache ? t("reading.known", { cache: number(cache) }) : "";
    this.note(t("reading", { processed: number(processed), total: number(total) }) + known);
  }

  /** What the model says to itself: folded away. */
  think(text) {
    this.#doneReading();
    if (!this.#thoughts) {
      this.#thoughts = make("p");
      this.#words.before(make("details", { class: "thoughts" }, make("summary", {}, t("thoughts")), this.#thoughts));
    }
    this.#thoughts.append(text);
    this.note(t("thinking"));
  }

  append(text) {
    this.#doneReading();
    this.text += text;
    if (!this.#frame) this.#frame = requestAnimationFrame(() => this.#show());
  }

  finish(note) {
    this.#doneReading();
    this.#show();
    this.#item.classList.remove("answering");
    this.note(note);
  }

  /** Say what went wrong, and offer what there is to try. */
  fail(message, choices = []) {
    this.finish(message);
    this.#item.classList.add("failed");
    this.offer(choices);
  }

  /** Buttons below: pairs of words and what is done then. They go with the first that is pressed. */
  offer(choices) {
    const made = choices.map(([text, press]) => button(text, () => { this.#choices.replaceChildren(); press(); }));
    this.#choices.replaceChildren(...made);
    follow();
  }

  /** As if it had not been said. */
  remove() {
    this.#item.remove();
  }

  #show() {
    cancelAnimationFrame(this.#frame);
    this.#frame = 0;
    this.#rendered.show(this.text);
    follow();
  }

  #doneReading() {
    this.#progress?.remove();
    this.#progress = null;
  }
}
