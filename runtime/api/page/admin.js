// @ts-check
// The room for whoever looks after the appliance: models on disk and in memory, keys for others, the log. What the appliance
// does not serve, or the key is not good for, is not offered; what cannot be undone is asked about.

import { call, json, models, scopes } from "./appliance.js";
import { button, byId, make, toast, written } from "./elements.js";
import { Issued } from "./issued.js";
import { live } from "./live.js";
import { sure } from "./lock.js";
import { Log } from "./log.js";
import { Pull } from "./pull.js";
import { bytes, t, words } from "./words.js";

const at = byId("desk");
const lists = make("div");
/** @type {Set<string>} */
let served = new Set();
/** What the key is good for. @type {Set<string>} */
let good = new Set();
/** What there is besides the models, by its name; it stays as it is while the models are listed anew. */
const parts = { /** @type {Pull | null} */ pull: null, /** @type {Issued | null} */ issue: null, /** @type {Log | null} */ log: null };

async function show() {
  try {
    served = new Set(Object.keys((await json("openapi.json")).paths));
    good = await scopes();
    const known = (await models()).filter(({ meta }) => meta.size !== undefined); // voices come with the appliance
    lists.replaceChildren(block("disk", known.length
      ? make("ul", { class: "lines" }, ...known.map(line)) : make("p", { class: "soft" }, t("disk.none"))));
    if (may("admin", "/api/pull")) parts.pull ??= new Pull(show);
    if (may("admin", "/v1/admin/keys")) parts.issue ??= new Issued(good);
    if (may("admin", "/v1/admin/logs")) parts.log ??= new Log();
    await parts.issue?.refresh();
  } catch (error) {
    lists.replaceChildren(make("p", { class: "bad", role: "alert" }, ...written(error.message)), button(t("again"), show));
  }
  if (!lists.isConnected) at.replaceChildren(lists);
  for (const [name, each] of Object.entries(parts)) {
    if (each && !each.element.isConnected) at.append(block(name, each.element));
  }
  if (!byId("room-admin").hidden) parts.log?.follow();
}

export function left() {
  parts.log?.leave();
}

function block(name, content) {
  return make("section", { class: "block", "aria-labelledby": `title-${name}` },
    make("h3", { id: `title-${name}`, tabindex: "-1" }, t(name)), content);
}

const may = (scope, path) => good.has(scope) && served.has(path);

function line({ id, licence, meta }) {
  const resident = live.status?.models.find((each) => each.name === id);
  const stays = !live.status || resident?.pinned || resident?.default;
  const about = [t("disk.about", { size: bytes(meta.size), licence: licence.id })];
  if (resident) about.push(t("disk.loaded"));
  const buttons = [];
  if (resident && !stays && may("admin", "/api/generate")) buttons.push(act("unload", id, unload));
  if (!stays && may("admin", "/api/delete")) buttons.push(act("delete", id, remove));
  return make("li", {}, make("strong", {}, id), make("span", { class: "soft" }, about.join(" · ")),
    make("div", { class: "acts" }, ...buttons));
}

/** A button that asks first, and then says what came of it. */
function act(what, name, does) {
  return button(t(`disk.${what}`), async () => {
    if (!(await sure(t(`disk.${what}.sure`, { name }), t(`disk.${what}`)))) return;
    try {
      await does(name);
      toast(t(what === "unload" ? "disk.unloaded" : "disk.deleted", { name }));
    } catch (error) {
      toast(error.message);
    }
    await show();
    byId("title-admin").focus();
  }, { "aria-label": `${t(`disk.${what}`)} ${name}` });
}

const unload = (model) => json("api/generate", { model, keep_alive: 0, stream: false });
const remove = (model) => call("api/delete", {
  method: "DELETE", headers: { "Content-Type": "application/json" }, body: JSON.stringify({ model }),
});

export const entered = show;

/** What is in memory, and what may therefore be done; other figures come every two seconds. */
const loaded = () => JSON.stringify(live.status?.models.map(({ name, pinned }) => [name, pinned]));

export function open() {
  let before = loaded();
  live.addEventListener("status", () => {
    const now = loaded();
    if (now !== before && !byId("room-admin").hidden) show();
    before = now;
  });
  words.addEventListener("change", () => {
    left();
    for (const [name, each] of Object.entries(parts)) {
      if (!each?.busy) parts[name] = null;
    }
    at.replaceChildren();
    if (!byId("room-admin").hidden) show();
  });
}
