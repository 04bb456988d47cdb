// @ts-check
// Fetching a model: a name, a bar, and a way to stop. What has come is kept by the appliance.

import { ApplianceError, call, lines } from "./appliance.js";
import { button, make, written } from "./elements.js";
import { bytes, t } from "./words.js";

export class Pull {
  #input = make("input", { id: "pull", type: "text", required: true, autocomplete: "off", autocapitalize: "off", spellcheck: "false" });
  #begin = make("button", { type: "submit", class: "main" }, t("pull.begin"));
  #stop = button(t("pull.stop"), () => this.#running?.abort(), { hidden: true });
  #bar = make("progress", { "aria-label": t("pull.progress"), hidden: true });
  #said = make("p", { class: "soft", role: "status" });
  /** @type {AbortController | null} */ #running = null;
  #done;

  /** @param {() => void} done is called when there is a model more */
  constructor(done) {
    this.#done = done;
    this.element = make("form", { class: "pull" }, make("label", { for: "pull" }, ...written(t("pull.name"))),
      make("div", { class: "line" }, this.#input, this.#begin, this.#stop), this.#bar, this.#said);
    this.element.addEventListener("submit", (event) => { event.preventDefault(); this.#fetch(this.#input.value.trim()); });
  }

  /** Whether it is to stay as it is. */
  get busy() {
    return this.#running !== null;
  }

  async #fetch(name) {
    this.#running = new AbortController();
    this.#show(true, t("pull.begun"));
    try {
      await this.#follow(name, this.#running.signal);
      this.#said.textContent = t("pull.done", { name });
      this.#input.value = "";
      this.#done();
    } catch (error) {
      this.#said.textContent = error.name === "AbortError" ? t("pull.stopped") : error.message;
    } finally {
      this.#running = null;
      this.#show(false, this.#said.textContent);
    }
  }

  /** One object a line, the last of which says success. */
  async #follow(name, signal) {
    const response = await call("api/pull", {
      method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify({ model: name, stream: true }), signal,
    });
    for await (const line of lines(response)) {
      if (!line.trim()) continue;
      const { status = "", error, total, completed } = JSON.parse(line);
      if (error) throw new ApplianceError(error, response.status);
      if (status === "success") return;
      this.#tell(status, total, completed);
    }
    throw new ApplianceError(t("pull.ended"), 0);
  }

  #tell(status, total, completed = 0) {
    if (total) {
      this.#bar.max = total;
      this.#bar.value = completed;
    } else this.#bar.removeAttribute("value");
    const text = total ? `${status} · ${t("memory.of", { free: bytes(completed), total: bytes(total) })}` : status;
    if (this.#said.textContent !== text) this.#said.textContent = text;
  }

  #show(running, text) {
    this.#begin.hidden = running;
    this.#stop.hidden = !running;
    this.#bar.hidden = !running;
    this.#input.disabled = running;
    this.#said.replaceChildren(...written(text));
  }
}
