// @ts-check
// The log of the appliance as it is written, for as long as somebody looks.

import { call, lines } from "./appliance.js";
import { make, written } from "./elements.js";
import { t } from "./words.js";

const AGAIN_MS = 3000;
const KEPT = 500;
const LEVELS = ["debug", "info", "warning", "error"];

export class Log {
  #level = make("select", { id: "log-level" }, ...LEVELS.slice(1).map((level) => make("option", { value: level }, t(`log.${level}`))));
  // No live region: what comes all the time would be read out all the time. Who wants to hear it goes there.
  #shown = make("div", { class: "log", role: "log", "aria-live": "off", "aria-labelledby": "title-log", tabindex: "0" });
  #said = make("p", { class: "soft", role: "status" });
  /** @type {AbortController | null} */ #open = null;

  constructor() {
    this.#level.addEventListener("change", () => this.#sift());
    this.element = make("div", {}, make("div", { class: "choose" }, make("label", { for: "log-level" }, t("log.level")), this.#level),
      this.#shown, this.#said);
  }

  get busy() {
    return false;
  }

  /** Look until `leave`. */
  async follow() {
    if (this.#open) return;
    const open = new AbortController();
    this.#open = open;
    while (!open.signal.aborted) {
      try {
        await this.#read(open.signal);
      } catch (error) {
        if (!open.signal.aborted) this.#said.replaceChildren(...written(error.message));
      }
      await new Promise((resolve) => { setTimeout(resolve, AGAIN_MS); });
    }
  }

  leave() {
    this.#open?.abort();
    this.#open = null;
  }

  async #read(signal) {
    const response = await call("kiosk/logs", { signal });
    this.#shown.replaceChildren();
    this.#said.textContent = "";
    for await (const line of lines(response)) {
      if (line.startsWith("data: ")) this.#take(JSON.parse(line.slice(6)));
    }
  }

  #take({ missed, lines: told }) {
    const below = this.#shown.scrollHeight - this.#shown.scrollTop - this.#shown.clientHeight < 8;
    if (missed && this.#shown.childElementCount) this.#shown.append(make("p", { class: "soft" }, t("log.missed", { lines: missed })));
    this.#shown.append(...told.map(row));
    while (this.#shown.childElementCount > KEPT) this.#shown.firstElementChild.remove();
    this.#sift();
    if (below) this.#shown.scrollTop = this.#shown.scrollHeight;
  }

  #sift() {
    const least = LEVELS.indexOf(this.#level.value);
    for (const each of this.#shown.children) each.hidden = LEVELS.indexOf(each.dataset.level ?? "error") < least;
  }
}

function row({ at, level, source, text }) {
  const when = new Date(at * 1000);
  const told = make("p", { class: level, "data-level": level },
    make("time", { datetime: when.toISOString(), title: when.toLocaleString(document.documentElement.lang) },
      when.toLocaleTimeString(document.documentElement.lang, { hour12: false })), " ");
  if (level === "warning" || level === "error") told.append(make("strong", {}, t(`log.is.${level}`)), " ");
  told.append(make("span", { class: "source" }, source.replace(/^runtime\./, "")), " ", text);
  return told;
}
