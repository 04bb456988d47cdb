// @ts-check
// The room with the house: areas, their devices, and what can be done with a touch.

import { Card } from "./device.js";
import { byId, make, written } from "./elements.js";
import { live } from "./live.js";
import { named, t, words } from "./words.js";

/** @type {Map<string, Card>} */
const cards = new Map();
const at = byId("house");

/** Everything anew: there are other devices, or another language. */
function furnish() {
  const focused = document.activeElement?.id;
  cards.clear();
  const areas = [...live.areas, { id: null }];
  const shown = areas.map(room).filter(Boolean);
  at.replaceChildren(...(shown.length ? shown : [make("p", { class: "empty" }, ...written(why()))]));
  refresh(cards.keys());
  if (focused && !at.contains(document.activeElement)) document.getElementById(focused)?.focus();
}

function room(area) {
  const devices = live.devices.filter((each) => each.area === area.id);
  if (!devices.length) return null;
  const name = area.id === null ? t("area.none") : named(area);
  const id = `area-${area.id ?? "-"}`;
  const items = devices.map((device) => {
    const card = new Card(device);
    cards.set(device.id, card);
    return make("li", {}, card.element);
  });
  return make("section", { class: "area", "aria-labelledby": id },
    make("h3", { id }, name), make("ul", { class: "cards" }, ...items));
}

/** Why there is nothing to be seen. */
function why() {
  if (live.blind) return t(live.mute ? "notice.mute" : "house.closed");
  const commands = live.status?.commands ?? "starting";
  return t(commands === "ready" ? "house.empty" : `house.${commands}`);
}

/** Show how some devices are. @param {Iterable<string>} ids */
function refresh(ids) {
  for (const id of ids) cards.get(id)?.show(live.states[id] ?? {}, live.away.has(id), live.trouble !== null);
}

export function open() {
  live.addEventListener("house", furnish);
  live.addEventListener("states", (event) => refresh(event.detail));
  live.addEventListener("there", () => { if (cards.size) refresh(cards.keys()); else furnish(); });
  live.addEventListener("status", () => { if (!cards.size) furnish(); });
  words.addEventListener("change", furnish);
  furnish();
}
