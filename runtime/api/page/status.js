// @ts-check
// The room that tells how the appliance is: four plots, the models in memory, what is around it.

import { byId, make, settle, written } from "./elements.js";
import { live } from "./live.js";
import { plot } from "./plot.js";
import { bytes, number, t, words } from "./words.js";

const ROOM = 150;
const at = byId("figures");
const tiles = make("ul", { class: "tiles" });
const sections = make("div");
const PLOTS = {
  tokens_per_second: { bars: true, floor: 0, told: (value) => t("unit.tokens_per_second", { value: number(value, 1) }) },
  queue: { floor: 0, told: (value) => t("unit.queue", { value: number(value) }) },
  temperature: { told: (value) => t("unit.temperature", { value: number(value, 1) }) },
  memory: { told: bytes },
};

function show() {
  if (byId("room-status").hidden) return;
  if (!live.status) {
    at.replaceChildren(make("p", { class: "empty" }, ...written(t(live.mute ? "notice.mute" : live.blind ? "house.closed" : "state.looking"))));
    return;
  }
  settle(tiles, Object.entries(PLOTS).map(([name, how]) => make("li", {}, tile(name, how))));
  settle(sections, [section("models", models()), section("appliance", appliance()), section("boards", boards())]);
  if (!tiles.isConnected) at.replaceChildren(tiles, sections);
}

function tile(name, { told, ...how }) {
  const title = t(`plot.${name}`);
  const values = live.history[name] ?? [];
  const there = values.filter((each) => each !== null);
  const last = there.at(-1);
  const silent = name === "temperature" && last === undefined;
  const label = last === undefined ? t("plot.none", { name: title })
    : t("plot.about", { name: title, now: told(last), low: told(Math.min(...there)), high: told(Math.max(...there)) });
  return make("figure", { class: "tile" },
    make("figcaption", {}, make("span", { class: "label" }, title), make("strong", {}, last === undefined ? "–" : told(last))),
    silent ? make("p", { class: "soft" }, t("plot.silent")) : plot(values, { label, room: ROOM, ...how }));
}

function section(name, content) {
  return make("section", { class: "block", "aria-labelledby": `title-${name}` },
    make("h3", { id: `title-${name}` }, t(name)), content);
}

function models() {
  const there = live.status.models;
  if (!there.length) return make("p", { class: "soft" }, t("models.none"));
  return make("ul", { class: "lines" }, ...there.map((each) => {
    const about = [bytes(each.bytes)];
    if (each.tokens_per_second !== null) about.push(PLOTS.tokens_per_second.told(each.tokens_per_second));
    about.push(each.default ? t("models.default") : leaving(each));
    return make("li", {}, make("strong", {}, each.name), make("span", { class: "soft" }, about.join(" · ")));
  }));
}

function leaving({ until }) {
  if (until === null) return t("models.stays");
  const time = new Date(until * 1000).toLocaleTimeString(document.documentElement.lang, { hour: "2-digit", minute: "2-digit" });
  return t("models.leaves", { time });
}

function appliance() {
  const { status } = live;
  const facts = [
    ["version", status.version],
    ["uptime", uptime(status.uptime_s)],
    ["memory.free", t("memory.of", { free: bytes(status.memory_available), total: bytes(status.memory_total) })],
    ["broker", t(`broker.${status.broker}`)],
    ["commands", t(`commands.${status.commands}`)],
    ...(status.throttled ? [["power", power(status.throttled)]] : []),
  ];
  return make("dl", { class: "facts" }, ...facts.map(([name, value]) => (
    make("div", {}, make("dt", {}, t(name)), make("dd", {}, value)))));
}

function power({ now, before }) {
  const what = (strains) => strains.map((each) => t(`strain.${each}`)).join(", ");
  if (now.length) return t("power.now", { what: what(now) });
  return before.length ? t("power.before", { what: what(before) }) : t("power.fine");
}

function uptime(seconds) {
  const minutes = Math.floor(seconds / 60);
  const hours = Math.floor(minutes / 60);
  if (hours >= 24) return t("uptime.days", { days: Math.floor(hours / 24), hours: hours % 24 });
  return hours ? t("uptime.hours", { hours, minutes: minutes % 60 }) : t("uptime.minutes", { minutes });
}

function boards() {
  const there = live.status.boards;
  if (!there.length) return make("p", { class: "soft" }, t("boards.none"));
  return make("ul", { class: "lines" }, ...there.map((each) => make("li", {},
    make("strong", {}, each.name),
    make("span", { class: each.connected ? "soft" : "bad" },
      [each.firmware, t(each.connected ? "board.connected" : "board.gone")].filter(Boolean).join(" · ")))));
}

export const entered = show;

export function open() {
  live.addEventListener("status", show);
  words.addEventListener("change", show);
}
