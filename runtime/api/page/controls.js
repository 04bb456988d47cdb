// @ts-check
// A control for each kind of capability. Each shows what the device says, not what was wished; while a wish is on its way
// the control waits for it.

import { button, make } from "./elements.js";
import { number, t, word } from "./words.js";

/** The ids of the elements that a control is named by: a slider of the house is called by its device, too. */
const called = (device, ...ids) => [`${device.id}-name`, ...ids].join(" ");

/** Buttons rather than a list, up to so many options. */
const BUTTONS = 3;
const OPENINGS = new Set(["door", "garage_door", "window", "opening", "garage", "gate"]);
const MOTIONS = new Set(["motion", "occupancy", "presence", "moving"]);
const ALARMS = new Set(["smoke", "gas", "carbon_monoxide", "moisture", "problem", "safety", "tamper"]);

/**
 * @param {any} device
 * @param {any} capability
 * @param {(value: any) => Promise<string>} act
 * @returns {{name: string, element: any, show: (value: any, away: boolean) => void}}
 */
export function control(device, capability, act) {
  const label = word("capability", capability.name);
  const id = `${device.id}-${capability.name}`;
  const made = !capability.settable ? reading(device, capability, label)
    : capability.type === "switch" ? toggle(device, id, label, act)
      : capability.type === "range" ? slider(device, id, capability, label, act)
        : capability.type === "options" ? choice(device, id, capability, label, act)
          : press(id, device, act);
  return { name: capability.name, ...made };
}

function toggle(device, id, label, act) {
  const names = { "aria-label": label, "aria-labelledby": called(device, id) };
  const element = make("button", { type: "button", class: "toggle", id, role: "switch", ...names },
    make("span", { class: "knob" }));
  let on = null;
  element.addEventListener("click", () => act(on !== true));
  return {
    element,
    show: (value, away) => {
      on = value;
      element.setAttribute("aria-checked", String(value === true));
      element.classList.toggle("unknown", value === null);
      element.disabled = away;
    },
  };
}

function slider(device, id, capability, label, act) {
  const { low, high, unit } = capability;
  const step = capability.step || (high - low) / 100;
  const output = make("output", { for: id });
  const input = make("input", { type: "range", id, "aria-labelledby": called(device, `${id}-label`), min: low, max: high, step });
  const told = (value) => `${number(value, step < 1 ? 1 : 0)}${unit === "%" ? "%" : unit && ` ${unit}`}`;
  let held = false; // by a finger, or on its way
  let known = null;
  const put = () => {
    if (known !== null) input.value = known;
    input.classList.toggle("unknown", known === null);
    output.textContent = known === null ? t("device.unknown") : told(known);
    input.setAttribute("aria-valuetext", output.textContent);
  };
  input.addEventListener("input", () => {
    held = true;
    output.textContent = told(Number(input.value));
    input.setAttribute("aria-valuetext", output.textContent);
  });
  input.addEventListener("change", async () => {
    held = true;
    await act(Number(input.value));
    held = false;
    put();
  });
  return {
    element: make("div", { class: "row slider" }, make("label", { for: id, id: `${id}-label` }, label), output, input),
    show: (value, away) => {
      known = value;
      input.disabled = away;
      if (!held) put();
    },
  };
}

function choice(device, id, capability, label, act) {
  return (capability.values.length > BUTTONS ? list : segments)(device, id, capability, label, act);
}

function segments(device, id, capability, label, act) {
  const output = make("output", {});
  const buttons = capability.values.map((value, at) => (
    button(word("do", value), () => act(value), { id: `${id}-${at}`, class: "quiet segment" })));
  return {
    element: make("div", { class: "row", role: "group", "aria-labelledby": called(device, `${id}-label`) },
      make("span", { class: "label", id: `${id}-label` }, label), output, make("div", { class: "segments" }, ...buttons)),
    show: (value, away) => {
      output.textContent = value === null ? t("device.unknown") : word("value", value);
      for (const [at, each] of buttons.entries()) {
        each.setAttribute("aria-pressed", String(capability.values[at] === value));
        each.disabled = away;
      }
    },
  };
}

function list(device, id, capability, label, act) {
  const empty = make("option", { value: "", disabled: true }, t("device.unknown"));
  const options = capability.values.map((value) => make("option", { value }, word("value", value)));
  const select = make("select", { id, "aria-labelledby": called(device, `${id}-label`) }, empty, ...options);
  let known = null;
  select.addEventListener("change", async () => {
    await act(select.value);
    select.value = known ?? "";
  });
  return {
    element: make("div", { class: "row" }, make("label", { for: id, id: `${id}-label` }, label), select),
    show: (value, away) => {
      known = value;
      select.disabled = away;
      if (document.activeElement !== select) select.value = value ?? "";
    },
  };
}

function press(id, device, act) {
  const element = button(t(device.kind === "scene" ? "press.scene" : "press.button"), () => act(null), { id });
  return { element, show: (_, away) => { element.disabled = away; } };
}

function reading(device, capability, label) {
  const output = make("output", { class: "value" });
  const plain = device.kind === "sensor" || device.kind === "binary_sensor";
  return {
    element: make("div", { class: "row" }, plain ? "" : make("span", { class: "label" }, label), output),
    show: (value) => { output.textContent = value === null ? t("device.unknown") : told(device, capability, value); },
  };
}

/** A reading in words. */
function told(device, capability, value) {
  if (typeof value === "number") return `${number(value, 1)}${capability.unit === "%" ? "%" : capability.unit && ` ${capability.unit}`}`;
  if (typeof value !== "boolean") return word("value", value);
  const state = value ? "on" : "off";
  const family = OPENINGS.has(device.device_class) ? "opening" : MOTIONS.has(device.device_class) ? "motion"
    : ALARMS.has(device.device_class) ? "alarm" : null;
  return family ? t(`sensor.${family}.${state}`) : t(`value.${state}`);
}
