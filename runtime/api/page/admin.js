// @ts-check
// The room for whoever looks after the appliance: models on disk and in memory. What the appliance does not serve is not
// offered, and what cannot be undone is asked about.

import { call, json, models, scopes } from "./appliance.js";
import { button, byId, make, toast, written } from "./elements.js";
import { live } from "./live.js";
import { sure } from "./lock.js";
import { Pull } from "./pull.js";
import { bytes, t, words } from "./words.js";

const at = byId("desk");
const lists = make("div");
/** @type {Set<string>} */
let served = new Set();
/** What the key is good for. @type {Set<string>} */
let good = new Set();
/** @type {Pull | null} */
let pull = null;

async function show() {
  try {
    served = new Set(Object.keys((await json("openapi.json")).paths));
    good = await scopes();
    const known = await models();
    lists.replaceChildren(block("disk", known.length
      ? make("ul", { class: "lines" }, ...known.map(line)) : make("p", { class: "soft" }, t("disk.none"))));
    if (may("admin", "/api/pull")) pull ??= new Pull(show);
  } catch (error) {
    lists.replaceChildren(make("p", { class: "bad", role: "alert" }, ...written(error.message)), button(t("again"), show));
  }
  at.replaceChildren(lists, ...(pull ? [block("pull", pull.element)] : []), make("p", { class: "soft" }, ...written(t("admin.more"))));
}

function block(name, content) {
  return make("section", { class: "block", "aria-labelledby": `title-${name}` },
    make("h3", { id: `title-${name}` }, t(name)), content);
}

const may = (scope, path) => good.has(scope) && served.has(path);

function line({ id, licence, meta }) {
  const resident = live.status?.models.find((each) => each.name === id);
  const about = [t("disk.about", { size: bytes(meta.size), licence: licence.id })];
  if (resident) about.push(t("disk.loaded"));
  const buttons = [];
  if (resident && !resident.pinned && may("chat", "/api/generate")) buttons.push(act("unload", id, unload));
  if (!resident?.pinned && may("admin", "/api/delete")) buttons.push(act("delete", id, remove));
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

export function open() {
  words.addEventListener("change", () => {
    if (pull && !pull.running) pull = null;
    if (!byId("room-admin").hidden) show();
  });
}
