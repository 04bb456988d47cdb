// @ts-check
// Puts the page together: rooms, theme, language, and the line that says how the appliance is.

import * as admin from "./admin.js";
import { byId } from "./elements.js";
import * as home from "./home.js";
import { live } from "./live.js";
import * as lock from "./lock.js";
import * as status from "./status.js";
import * as talk from "./talk.js";
import * as theme from "./theme.js";
import { choose, language, other, t, translate, words } from "./words.js";

const ROOMS = { talk, home, status, admin };

/** The room that the address names; the first one if it names none. */
const wanted = () => (location.hash.slice(1) in ROOMS ? location.hash.slice(1) : "talk");

let shown = wanted();

function enter(moved) {
  const name = wanted();
  if (name !== shown) ROOMS[shown].left?.();
  shown = name;
  for (const each of Object.keys(ROOMS)) byId(`room-${each}`).hidden = each !== name;
  for (const link of byId("nav").querySelectorAll("a")) {
    if (link.hash === `#${name}`) link.setAttribute("aria-current", "page");
    else link.removeAttribute("aria-current");
  }
  document.title = `${t(name)} · Inglenook`;
  ROOMS[name].entered?.();
  if (moved) byId(`title-${name}`).focus({ preventScroll: true });
}

/** The line under the name, and the notice above the rooms if there is something to say. */
function tell() {
  const state = live.trouble ? "away" : live.mute ? "mute" : live.blind && !live.status ? "blind" : live.status?.state ?? "looking";
  const model = live.status?.models.find((each) => each.default)?.name ?? "";
  byId("lamp").className = `lamp ${live.ready ? "ready" : state}`;
  write("where", t(`state.${state}`, { model }));
  const trouble = live.trouble?.status ? live.trouble.message : t("notice.away");
  const notice = { away: trouble, loading: t("notice.loading"), draining: t("notice.draining"), mute: t("notice.mute") }[state] ?? "";
  write("notice", notice);
  byId("notice").hidden = !notice;
  byId("notice").className = state === "away" ? "notice" : "notice calm";
}

/** What is written again is read out again. */
function write(id, text) {
  const plain = text.replaceAll("`", "");
  if (byId(id).textContent !== plain) byId(id).textContent = plain;
}

function label() {
  byId("language").textContent = t("language.short");
  byId("language").lang = other();
  byId("language").setAttribute("aria-label", t("language"));
  byId("language").title = t("language");
}

translate();
label();
theme.begin();
lock.begin();
for (const room of Object.values(ROOMS)) room.open();
byId("language").addEventListener("click", () => choose(other()));
words.addEventListener("change", () => { label(); tell(); byId("toast").hidden = true; document.title = `${t(wanted())} · Inglenook`; });
window.addEventListener("hashchange", () => enter(true));
for (const what of ["status", "there"]) live.addEventListener(what, tell);
document.documentElement.lang = language();
enter(false);
if (wanted() === "talk" && !matchMedia("(pointer: coarse)").matches) byId("prompt").focus();
live.listen();
