// @ts-check
// One device as a card: its name, how it is, and a control for each thing it does.

import { control } from "./controls.js";
import { make, toast } from "./elements.js";
import { set } from "./orders.js";
import { named, t } from "./words.js";

/** Kinds whose first switch or button belongs into the corner of the card. */
const ONE_TOUCH = new Set(["power", "activate"]);

export class Card {
  #away = make("p", { class: "gone", hidden: true }, t("device.away"));
  #controls;

  constructor(device) {
    const name = named(device);
    const shown = device.capabilities.filter((each) => each.settable || each.readable);
    this.#controls = shown.map((each) => control(device, each, (value) => this.#act(device, each, value)));
    const corner = this.#controls.filter((each) => ONE_TOUCH.has(each.name));
    const rest = this.#controls.filter((each) => !ONE_TOUCH.has(each.name));
    this.element = make("article", { class: "card", "aria-label": name },
      make("div", { class: "top" }, make("span", { class: "name", id: `${device.id}-name` }, name), ...corner.map(({ element }) => element)),
      this.#away, ...rest.map(({ element }) => element));
  }

  /**
   * @param {Record<string, any>} states by capability
   * @param {boolean} away whether the device cannot be reached
   * @param {boolean} cut whether the appliance cannot
   */
  show(states, away, cut) {
    this.#away.hidden = !away;
    this.element.classList.toggle("away", away);
    this.element.classList.toggle("lit", states.power === true);
    for (const each of this.#controls) each.show(states[each.name] ?? null, away || cut);
  }

  /** Tell the house, and say what came of it if that cannot be seen. */
  async #act(device, { name }, value) {
    this.element.setAttribute("aria-busy", "true");
    try {
      const result = await set(device.id, name, value);
      if (!["done", "sent"].includes(result.status) || name === "activate") toast(result.text);
      return result.status;
    } catch (error) {
      toast(error.message);
      return "failed";
    } finally {
      this.element.removeAttribute("aria-busy");
    }
  }
}
