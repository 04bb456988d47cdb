// @ts-check
// What a model wrote, as elements: paragraphs, headings, lists, quotes, code, emphasis, links. Every text enters as text;
// no element, attribute or address but those made here can come of it. Linear in the length of the text but for markers
// that are never closed, which are looked for once.

import { make } from "./elements.js";

const FENCE = /^ {0,3}(```+|~~~+)/;
const HEADING = /^#{1,6}\s+(.*?)[\s#]*$/;
const ITEM = /^(\s{0,12})([-*+]|\d{1,9}[.)])\s+(.*)$/;
const QUOTE = /^ {0,3}>\s?(.*)$/;
const RULE = /^ {0,3}([-*_])(?:\s*\1){2,}\s*$/;
const ADDRESS = /^https?:\/\/[^\s<>"'`\\]{1,2000}$/i;
const DEEPEST = 6;

/** Elements that follow a text as it grows: blocks that stay the same keep their elements. */
export class Rendered {
  #at;
  /** @type {string[]} */ #sources = [];

  /** @param {Element} at where the blocks go */
  constructor(at) {
    this.#at = at;
  }

  /** @param {string} text all of it so far */
  show(text) {
    const found = blocks(text.split("\n"));
    let same = 0;
    while (same < found.length && found[same].source === this.#sources[same]) same += 1;
    while (this.#at.children.length > same) this.#at.lastElementChild?.remove();
    for (const each of found.slice(same)) this.#at.append(each.made());
    this.#sources = found.map(({ source }) => source);
  }
}

/** The elements of a whole text. @param {string} text */
export const render = (text) => blocks(text.split("\n")).map((each) => each.made());

/** @typedef {{source: string, made: () => Element}} Block */

/** @param {string[]} lines @param {number} depth @returns {Block[]} */
function blocks(lines, depth = 0) {
  const found = [];
  let at = 0;
  while (at < lines.length) {
    if (!lines[at].trim()) { at += 1; continue; }
    const [taken, made] = block(lines, at, depth);
    found.push({ source: `${at}:${lines.slice(at, at + taken).join("\n")}`, made });
    at += taken;
  }
  return found;
}

/** How many lines from `at` on are one block, and what makes it. @returns {[number, () => Element]} */
function block(lines, at, depth) {
  const line = lines[at];
  const fence = FENCE.exec(line);
  if (fence) return fenced(lines, at, fence[1]);
  const heading = HEADING.exec(line);
  if (heading) return [1, () => make("p", { class: "heading" }, ...inline(heading[1]))];
  if (RULE.test(line)) return [1, () => make("hr")];
  if (QUOTE.test(line) && depth < DEEPEST) {
    const end = until(lines, at, (each) => !QUOTE.test(each));
    const inner = lines.slice(at, end).map((each) => QUOTE.exec(each)?.[1] ?? "");
    return [end - at, () => make("blockquote", {}, ...blocks(inner, depth + 1).map((each) => each.made()))];
  }
  if (ITEM.test(line) && depth < DEEPEST) return list(lines, at, depth);
  const begins = (each) => !each.trim() || FENCE.test(each) || HEADING.test(each) || ITEM.test(each) || QUOTE.test(each);
  const end = until(lines, at + 1, begins);
  return [end - at, () => make("p", {}, ...inline(lines.slice(at, end).join("\n")))];
}

/** @returns {[number, () => Element]} */
function fenced(lines, at, mark) {
  const end = until(lines, at + 1, (each) => each.trim().startsWith(mark));
  const code = lines.slice(at + 1, end).join("\n");
  return [Math.min(end + 1, lines.length) - at, () => make("pre", { tabindex: "0" }, make("code", {}, code))];
}

/** Items of one kind; what is indented further belongs to the item before. @returns {[number, () => Element]} */
function list(lines, at, depth) {
  const [, indent, mark, ] = /** @type {RegExpExecArray} */ (ITEM.exec(lines[at]));
  const ordered = /\d/.test(mark);
  /** @type {string[][]} */
  const items = [];
  let next = at;
  for (; next < lines.length; next += 1) {
    const line = lines[next];
    const item = ITEM.exec(line);
    const deeper = line.search(/\S/) > indent.length;
    if (item && item[1].length <= indent.length) {
      if (/\d/.test(item[2]) !== ordered) break;
      items.push([item[3]]);
    } else if (deeper) items[items.length - 1].push(line.slice(indent.length + 2));
    else if (line.trim() || !ITEM.test(lines[next + 1] ?? "")) break;
  }
  const attributes = ordered ? { start: String(Number.parseInt(mark, 10)) } : {};
  const made = () => make(ordered ? "ol" : "ul", attributes, ...items.map((item) => {
    const [first, ...rest] = item;
    return make("li", {}, ...inline(first), ...blocks(rest, depth + 1).map((each) => each.made()));
  }));
  return [next - at, made];
}

function until(lines, from, wanted) {
  const found = lines.slice(from).findIndex(wanted);
  return found < 0 ? lines.length : from + found;
}

/** Words with emphasis, code and links. @param {string} text @param {number} depth @returns {(Node | string)[]} */
function inline(text, depth = 0) {
  /** @type {(Node | string)[]} */
  const made = [];
  const open = new Set(["`", "**", "__", "*", "_"]); // those that may still be closed
  let plain = "";
  let at = 0;
  const put = (element, length) => {
    if (plain) made.push(plain);
    plain = "";
    made.push(element);
    at += length;
  };
  while (at < text.length) {
    const mark = [...open].find((each) => text.startsWith(each, at));
    const link = text[at] === "[" && depth < DEEPEST ? linked(text.slice(at, at + 2400), depth) : null;
    if (text[at] === "\\" && /[\\`*_[\]()#+.!>-]/.test(text[at + 1] ?? "")) {
      plain += text[at + 1];
      at += 2;
    } else if (link) put(link[0], link[1]);
    else if (mark) {
      const end = text.indexOf(mark, at + mark.length + 1);
      if (end < 0) open.delete(mark);
      const inner = end < 0 ? "" : text.slice(at + mark.length, end);
      if (!inner || depth >= DEEPEST || !isMark(text, at, mark, inner, end)) {
        plain += mark;
        at += mark.length;
      } else if (mark === "`") put(make("code", {}, inner), inner.length + 2);
      else put(make(mark.length === 2 ? "strong" : "em", {}, ...inline(inner, depth + 1)), inner.length + 2 * mark.length);
    } else {
      plain += text[at];
      at += 1;
    }
  }
  if (plain) made.push(plain);
  return made;
}

/** Whether a marker encloses words, and is no sign of arithmetic or part of a name. */
function isMark(text, at, mark, inner, end) {
  if (mark === "`") return true;
  if (/^\s|\s$/.test(inner)) return false;
  return mark[0] !== "_" || !(/\w/.test(text[at - 1] ?? "") || /\w/.test(text[end + mark.length] ?? ""));
}

/** `[words](address)` at the beginning of a text, and its length; the host is told, for words can say anything. */
function linked(text, depth) {
  const match = /^\[([^\]\n]{1,300})\]\(([^)\s]{1,2000})\)/.exec(text);
  if (!match || !ADDRESS.test(match[2])) return null;
  let host;
  try {
    host = new URL(match[2]).host;
  } catch {
    return null;
  }
  const attributes = { href: match[2], rel: "noopener noreferrer nofollow", target: "_blank" };
  const words = make("a", attributes, ...inline(match[1], Math.max(depth + 1, DEEPEST)));
  return [make("span", {}, words, ` (${host})`), match[0].length];
}
