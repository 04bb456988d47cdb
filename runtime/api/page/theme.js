// @ts-check
// Light, dark, or as the device has it. Kept on the device.

import { byId } from "./elements.js";
import { t, words } from "./words.js";

const KEPT = "inglenook.theme";
const ORDER = ["auto", "light", "dark"];

let chosen = localStorage.getItem(KEPT) ?? "auto";

function show() {
  if (chosen === "auto") delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = chosen;
  const text = t("theme", { theme: t(`theme.${chosen}`) });
  byId("theme").setAttribute("aria-label", text);
  byId("theme").setAttribute("title", text);
}

export function begin() {
  byId("theme").addEventListener("click", () => {
    chosen = ORDER[(ORDER.indexOf(chosen) + 1) % ORDER.length];
    localStorage.setItem(KEPT, chosen);
    show();
  });
  words.addEventListener("change", show);
  show();
}
