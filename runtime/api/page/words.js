// @ts-check
// What the page says, in the language that its reader chose. Kept on the device; all texts are in words/.

import en from "./words/en.js";
import zhTW from "./words/zh-tw.js";

const KEPT = "inglenook.language";
export const LANGUAGES = { en, "zh-TW": zhTW };
/** Tells `change` when the language is another. */
export const words = new EventTarget();

let chosen = localStorage.getItem(KEPT) ?? (navigator.language.startsWith("zh") ? "zh-TW" : "en");
if (!(chosen in LANGUAGES)) chosen = "en";

export const language = () => chosen;
/** The one that a press on the button chooses. */
export const other = () => (chosen === "en" ? "zh-TW" : "en");

/** Whether there is a text of that name. */
export const has = (key) => key in LANGUAGES[chosen];

/** The text of a name, with values put in for {name}. */
export function t(key, values = {}) {
  const text = LANGUAGES[chosen][key] ?? LANGUAGES.en[key] ?? key;
  return text.replace(/\{(\w+)\}/g, (whole, name) => String(values[name] ?? whole));
}

/** A word that a device or the appliance uses, if we have one for it; else as it is. */
export const word = (kind, said) => (has(`${kind}.${said}`) ? t(`${kind}.${said}`) : String(said).replaceAll("_", " "));

/** A number as it is written here. */
export const number = (value, digits = 0) => new Intl.NumberFormat(chosen, { maximumFractionDigits: digits }).format(value);

/** Bytes as people read them. */
export function bytes(count) {
  const [size, unit] = count >= 1e9 ? [count / 1e9, "GB"] : [count / 1e6, "MB"];
  return `${number(size, size < 10 ? 1 : 0)} ${unit}`;
}

export function choose(next) {
  chosen = next;
  localStorage.setItem(KEPT, next);
  translate();
  words.dispatchEvent(new Event("change"));
}

/** Write all texts that stand in the page itself. */
export function translate() {
  document.documentElement.lang = chosen;
  for (const [attribute, put] of [
    ["data-t", (each, text) => { each.textContent = text; }],
    ["data-t-label", (each, text) => each.setAttribute("aria-label", text)],
    ["data-t-placeholder", (each, text) => each.setAttribute("placeholder", text)],
    ["data-t-title", (each, text) => each.setAttribute("title", text)],
  ]) {
    for (const each of document.querySelectorAll(`[${attribute}]`)) put(each, t(each.getAttribute(attribute)));
  }
}

/** The name of an area or a device in the chosen language, or the first it has. */
export function named({ names, id }) {
  const same = (each, wanted) => each.language?.split("-")[0] === wanted.split("-")[0];
  const found = names.find((each) => same(each, chosen)) ?? names.find((each) => !each.language) ?? names[0];
  return found?.text ?? id;
}
