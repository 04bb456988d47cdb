// @ts-check
// Elements made of names and texts. Text enters as text, never as markup.

const SVG = "http://www.w3.org/2000/svg";

/** @param {string} id @returns {any} */
export const byId = (id) => document.getElementById(id);

/**
 * An element with attributes and children. An attribute that is undefined, null or false is left out, true is empty.
 * @param {string} kind
 * @param {Record<string, any>} [attributes]
 * @param {...(Node | string)} children
 * @returns {any}
 */
export function make(kind, attributes = {}, ...children) {
  return furnish(document.createElement(kind), attributes, children);
}

/** A text as children: what stands in `these` is what one types. @returns {(Node | string)[]} */
export const written = (text) => text.split(/`([^`]+)`/).map((part, nth) => (nth % 2 ? make("code", {}, part) : part));

/** An element as `make` has it, for a part of a drawing. @param {string} kind @param {Record<string, any>} attributes @returns {any} */
export function draw(kind, attributes = {}, ...children) {
  return furnish(document.createElementNS(SVG, kind), attributes, children);
}

/** A button that does something when it is pressed. */
export function button(text, press, attributes = {}) {
  const made = make("button", { type: "button", class: "quiet", ...attributes }, text);
  made.addEventListener("click", press);
  return made;
}

function furnish(element, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) {
    if (value !== undefined && value !== null && value !== false) element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...children);
  return element;
}

/** Let these be the children of an element; what is the same stays, so that who reads there is not thrown out. */
export function settle(at, children) {
  while (at.children.length > children.length) at.lastElementChild.remove();
  for (const [nth, child] of children.entries()) {
    const there = at.children[nth];
    if (!there) at.append(child);
    else if (!there.isEqualNode(child)) there.replaceWith(child);
  }
}

/** A random word, also where the page has no secure context. */
export function random() {
  return Array.from(crypto.getRandomValues(new Uint8Array(9)), (byte) => byte.toString(36).padStart(2, "0")).join("");
}

/** Let a text be seen, and heard by a screen reader, for some seconds. */
export function toast(text) {
  const shown = byId("toast");
  shown.replaceChildren(...written(text));
  shown.hidden = false;
  clearTimeout(toast.timer);
  toast.timer = setTimeout(() => { shown.hidden = true; }, 6000);
}
toast.timer = 0;
