// @ts-check
// The house and the appliance as they are now: one stream, kept open, and what it said last. Knows no DOM.

import { ApplianceError, call, lines, scopes } from "./appliance.js";

const AGAIN_MS = 1500;
/** Where the key is good for nothing of this: whether the appliance is there at all. */
const CALM_MS = 5000;
const SILENT_MS = 10000;
const PLOTTED = ["tokens_per_second", "queue", "temperature", "memory"];
const KEPT = 150;

/** Tells `house` when there are other devices, `states` when something of them is (of which: the detail), `status`, and `there`. */
class Live extends EventTarget {
  /** @type {any[]} */ areas = [];
  /** @type {any[]} */ devices = [];
  /** @type {Record<string, Record<string, any>>} */ states = {};
  /** @type {Set<string>} */ away = new Set();
  /** @type {any} */ status = null;
  /** @type {Record<string, (number | null)[]>} */ history = {};
  /** What the key is good for. @type {Set<string>} */ good = new Set(["chat", "command", "admin"]);
  /** Why nothing is heard; null while it is. @type {ApplianceError | null} */ trouble = null;

  /** Whether the key is not good for the house: then one can only talk. */
  get blind() {
    return !this.good.has("command");
  }

  /** Whether it is not even good for that. */
  get mute() {
    return this.blind && !this.good.has("chat");
  }

  /** Whether a model answers now; a key for talking only is not told, and may ask. */
  get ready() {
    return !this.trouble && !this.mute && (this.status ? this.status.state === "ready" : this.blind);
  }

  /** Listen for as long as the page is there. */
  async listen() {
    for (;;) {
      await this.#once();
      const pause = this.trouble ? AGAIN_MS : CALM_MS;
      await new Promise((resolve) => { setTimeout(resolve, pause); });
    }
  }

  async #once() {
    const giveUp = new AbortController();
    let timer = 0;
    try {
      this.good = await scopes();
      if (this.blind && !this.good.has("admin")) { // it would be refused, each time
        this.#tell("there", () => { this.trouble = null; this.status = null; });
        return;
      }
      const response = await call("kiosk/live", { signal: giveUp.signal });
      for await (const line of lines(response)) {
        clearTimeout(timer);
        timer = setTimeout(() => giveUp.abort(), SILENT_MS);
        if (line.startsWith("data: ")) this.#take(JSON.parse(line.slice(6)));
      }
      throw new ApplianceError("", 0);
    } catch (error) {
      this.#tell("there", () => {
        this.trouble = error instanceof ApplianceError ? error : new ApplianceError("", 0);
      });
    } finally {
      clearTimeout(timer);
    }
  }

  #take(said) {
    switch (said.type) {
      case "house":
        return this.#tell("house", () => {
          this.areas = said.areas;
          this.devices = said.devices;
          this.states = {};
          this.away = new Set();
        });
      case "states":
        return this.#tell("states", () => {
          for (const [device, values] of Object.entries(said.states)) {
            this.states[device] = { ...this.states[device], ...values };
          }
        }, Object.keys(said.states));
      case "away":
        return this.#tell("states", () => {
          for (const [device, away] of Object.entries(said.away)) {
            if (away) this.away.add(device);
            else this.away.delete(device);
          }
        }, Object.keys(said.away));
      case "history":
        this.history = said;
        return undefined;
      case "status":
        return this.#tell("status", () => this.#measured(said));
      default:
        return undefined;
    }
  }

  #measured(said) {
    const returned = this.trouble !== null;
    this.trouble = null;
    this.status = said;
    for (const each of PLOTTED) {
      const column = [...(this.history[each] ?? []), said[each] ?? null];
      this.history[each] = column.slice(-KEPT);
    }
    if (returned) this.#tell("there", () => {});
  }

  #tell(what, change, detail = null) {
    change();
    this.dispatchEvent(new CustomEvent(what, { detail }));
  }
}

export const live = new Live();
