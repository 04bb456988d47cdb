// @ts-check
// Asks for the key, and whether something is meant. Both are dialogs, so the focus stays in them and then returns.

import { forgetKey, keeper, storeKey, storedKey } from "./appliance.js";
import { byId } from "./elements.js";
import { t } from "./words.js";

/** @type {Promise<void> | null} */
let asking = null;

/** Ask for the key; a key that is stored by now was a wrong one. Who asks meanwhile waits for the same answer. */
function unlock() {
  asking ??= new Promise((resolve) => {
    byId("wrong").hidden = !storedKey();
    forgetKey();
    byId("key").value = "";
    byId("lock").showModal();
    byId("lock").addEventListener("close", () => { asking = null; resolve(); }, { once: true });
  });
  return asking;
}

export function begin() {
  keeper.ask = unlock;
  byId("lock").addEventListener("cancel", (event) => event.preventDefault());
  byId("lock-form").addEventListener("submit", (event) => {
    event.preventDefault();
    storeKey(byId("key").value.trim(), byId("remember").checked);
    byId("lock").close();
  });
}

/** The question before, if it is still shown: one at a time. */
let before = Promise.resolve(false);

/** Whether a person says yes. No is what Escape says, and who goes to another room; it has the focus. */
export function sure(question, yes = t("yes"), no = t("no")) {
  before = before.then(() => put(question, yes, no));
  return before;
}

function put(question, yes, no) {
  const dialog = byId("sure");
  byId("sure-question").textContent = question;
  byId("sure-yes").textContent = yes;
  byId("sure-no").textContent = no;
  dialog.returnValue = "no";
  dialog.showModal();
  byId("sure-no").focus();
  const leave = () => dialog.close();
  window.addEventListener("hashchange", leave);
  return new Promise((resolve) => {
    dialog.addEventListener("close", () => {
      window.removeEventListener("hashchange", leave);
      resolve(dialog.returnValue === "yes");
    }, { once: true });
  });
}
