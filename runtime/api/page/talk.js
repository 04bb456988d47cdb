// @ts-check
// The room in which one talks: what is said, to whom it goes, and what comes of it. The history lives in this module
// only, and is gone with the page.

import { ApplianceError, answer, models } from "./appliance.js";
import { Answer, clear, said } from "./conversation.js";
import { byId, button, make } from "./elements.js";
import { live } from "./live.js";
import * as mic from "./mic.js";
import { decide, leave, newSession, say, taken } from "./orders.js";
import { number, t, words } from "./words.js";

const ORDERS = "inglenook.orders";
const HOPELESS = new Set(["context_length_exceeded", "insufficient_scope"]);
/** Tokens that say how fast a model is. */
const FEW = 5;
/** Letters: more is not sent, nor cut. */
const LONGEST = 100000;
const DONE = ["done", "sent", "planned", "cancelled", "told", "asked"];
const [form, prompt, send, stop, fresh] = ["form", "prompt", "send", "stop", "fresh"].map(byId);

/** @type {{role: string, content: string}[]} */
let history = [];
let model = "";
/** @type {AbortController | null} */
let running = null;
/** What the house asked back last, if it did. @type {{withdraw: () => void} | null} */
let asked = null;
/** Who reads the answer aloud: nobody, unless the question was spoken. */
let reader = mic.SILENT;
let ordering = localStorage.getItem(ORDERS) !== "off";

// To the house, if it is a command; else to the model.

function hear(text, aloud = mic.SILENT, others = []) {
  reader.stop();
  reader = aloud;
  byId("welcome").hidden = true;
  said(text);
  return turn(text, others).finally(() => aloud.done());
}

/** What was spoken: as it is read first, and how else it may be read. Speaking while something is written ends that. */
function heard([text, ...others], aloud) {
  running?.abort();
  return hear(text, aloud, others);
}

/** Words that were misheard are no command; if they are one as they may be read as well, a person says so. */
async function misheard(others) {
  for (const other of others) {
    const { is, text } = await decide(other);
    if (is !== "talk" && text) return { other, text };
  }
  return null;
}

async function turn(text, others = []) {
  if (!ordering || !taken()) {
    await ask(text);
    return;
  }
  const busy = begin();
  try {
    const { is, text: guess } = await decide(text);
    if (busy.signal.aborted) return;
    if (is === "guess") wonder(text, guess);
    else if (is === "command") await command(text);
    else {
      const meant = await misheard(others);
      if (busy.signal.aborted) return;
      if (meant) wonder(text, meant.text, meant.other);
      else await ask(text);
    }
  } catch (error) {
    failed(new Answer("house"), error, [[t("again"), () => turn(text)], [t("ask.model"), () => ask(text)]]);
  } finally {
    end(busy);
  }
}

/** It may be a command: a person says so, or it is none. */
function wonder(text, guess, meant = text) {
  const shown = new Answer("house");
  shown.append(guess);
  shown.finish(t("guess"));
  shown.offer([[t("guess.yes"), () => command(meant)], [t("guess.no"), () => ask(text)]]);
  announce(`${guess} ${t("guess")}`);
}

function announce(text, language) {
  byId("announce").textContent = text;
  reader.say(text, language);
}

async function command(text) {
  const shown = new Answer("house");
  shown.note(t("telling"));
  try {
    const result = await say(text);
    shown.append(result.text);
    const others = (result.options ?? []).map((option) => [option, () => hear(option)]);
    const model = [t("ask.model"), () => ask(text)];
    if (result.reason === "not_wanted") shown.finish(t("result.not_wanted"));
    else if (DONE.includes(result.status)) shown.finish(t(`result.${result.status}`));
    else shown.fail(t(`result.${result.status}`));
    shown.offer([...others, model]);
    asked = others.length ? { withdraw: () => shown.offer([model]) } : null;
    announce(result.text, result.language);
  } catch (error) {
    failed(shown, error, [[t("ask.model"), () => ask(text)]]);
  }
}

/** Who leaves a question of the house, for another room or by Escape, has said no to it. */
export function left() {
  mic.left();
  leave();
  asked?.withdraw();
  asked = null;
}

async function ask(text) {
  leave();
  history.push({ role: "user", content: text });
  await reply();
}

async function reply() {
  const turns = history;
  const shown = new Answer("theirs");
  shown.note(t("waiting"));
  const busy = begin();
  try {
    const note = await read(answer(model || undefined, turns, busy.signal), shown);
    keep(shown, turns);
    shown.finish(note);
    byId("announce").textContent = shown.text;
  } catch (error) {
    const question = turns.at(-1);
    keep(shown, turns);
    if (error.name === "AbortError") shown.finish(t("stopped"));
    else {
      const may = question && turns === history && !HOPELESS.has(error.code);
      failed(shown, error, may ? [[t("again"), () => again(shown, question)]] : []);
    }
  } finally {
    end(busy);
  }
}

function again(shown, question) {
  shown.remove();
  if (history.at(-1)?.role === "assistant") history.splice(-2);
  history.push(question);
  reply();
}

/** Let `shown` follow the stream; returns the line to leave below it. */
async function read(chunks, shown) {
  let began = 0;
  let count = 0;
  let reason = "";
  let timings = null;
  for await (const chunk of chunks) {
    if (chunk.prompt_progress) shown.reading(chunk.prompt_progress);
    const choice = chunk.choices[0];
    if (choice?.delta.reasoning_content) shown.think(choice.delta.reasoning_content);
    if (choice?.delta.content) {
      began ||= performance.now();
      shown.append(choice.delta.content);
      reader.say(choice.delta.content);
      count += 1;
      const seconds = (performance.now() - began) / 1000;
      shown.note(seconds > 0.5 ? t("pace", { pace: number(count / seconds, 1) }) : t("answering"));
    }
    reason = choice?.finish_reason ?? reason;
    timings = chunk.timings ?? timings;
  }
  return summary(reason, timings);
}

function summary(reason, timings) {
  const parts = reason === "length" ? [t("cut")] : [];
  if (!timings) return parts.join("");
  const told = timings.predicted_n < FEW || !timings.predicted_per_second ? "tokens.few" : "tokens";
  parts.push(t(told, { tokens: number(timings.predicted_n), pace: number(timings.predicted_per_second, 1) }));
  const read = { tokens: number(timings.cache_n + timings.prompt_n), seconds: number(timings.prompt_ms / 1000, 2) };
  parts.push(t("prompt.read", read));
  if (timings.cache_n) parts.push(t("remembered", { tokens: number(timings.cache_n) }));
  return parts.join(" · ");
}

function failed(shown, error, choices) {
  if (error instanceof ApplianceError) {
    shown.fail(error.message, choices);
    reader.say(error.message);
    return;
  }
  console.error(error);
  shown.fail(t("error.page"));
}

/** Put what there is of an answer into the history; a question without any answer leaves it. */
function keep(shown, turns) {
  if (shown.text) turns.push({ role: "assistant", content: shown.text });
  else turns.pop();
}

// The controls.

function begin() {
  running = new AbortController();
  refresh();
  return running;
}

function end(busy) {
  if (running === busy) running = null;
  refresh();
}

function startAfresh() {
  running?.abort();
  reader.stop();
  history = [];
  newSession();
  clear();
  byId("welcome").hidden = false;
  refresh();
  prompt.focus();
}

function refresh() {
  send.hidden = Boolean(running);
  stop.hidden = !running;
  send.disabled = !live.ready || !prompt.value.trim() || tooLong();
  const over = tooLong() ? t("over", { letters: number(prompt.value.length), most: number(LONGEST) }) : "";
  if (byId("over").textContent !== over) byId("over").textContent = over;
  byId("over").hidden = !over;
  fresh.disabled = byId("conversation").childElementCount === 0;
  for (const each of byId("tries").querySelectorAll("button")) each.disabled = !live.ready;
  prompt.style.height = "auto";
  if (prompt.scrollHeight) prompt.style.height = `${prompt.scrollHeight}px`; // none while another room is shown
}

const tooLong = () => prompt.value.length > LONGEST;

function submit(text) {
  if (!live.ready || running || !text.trim() || text.length > LONGEST) return;
  prompt.value = "";
  hear(text.trim());
}

function showOrdering() {
  byId("orders").hidden = !live.status || live.status.commands === "off";
  byId("orders").setAttribute("aria-pressed", String(ordering));
  byId("orders").setAttribute("aria-label", t("orders"));
  byId("orders").title = t(ordering ? "orders.on" : "orders.off");
}

function escape() {
  const spoke = mic.cancel();
  if (running) running.abort();
  else if (!spoke) left();
}

/** The models that can answer, once they are known; the words that their licences want shown. */
async function offer() {
  const all = await models();
  mic.offer(all);
  const known = all.filter(({ meta }) => meta.converses);
  const before = byId("model").value;
  byId("model").replaceChildren(...known.map(({ id }) => make("option", { value: id, selected: id === before }, id)));
  byId("models").hidden = known.length < 2;
  model = byId("model").value;
  const display = new Set(known.map(({ licence }) => licence.display).filter(Boolean));
  byId("attribution").textContent = [...display].join(" · ");
  byId("attribution").hidden = !display.size;
}

function greet() {
  const hour = new Date().getHours();
  byId("greeting").textContent = t(hour < 5 || hour >= 18 ? "evening" : hour < 12 ? "morning" : "afternoon");
  byId("tries").replaceChildren(...["try.1", "try.2", "try.3"].map((each) => (
    make("li", {}, button(t(each), () => submit(t(each)), { class: "quiet try" })))));
  showOrdering();
  refresh();
}

export const entered = refresh;

export function open() {
  form.addEventListener("submit", (event) => { event.preventDefault(); submit(prompt.value); });
  prompt.addEventListener("input", refresh);
  window.addEventListener("resize", refresh);
  prompt.addEventListener("keydown", (event) => {
    // While an input method composes, Enter picks a character.
    if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
    event.preventDefault();
    submit(prompt.value);
  });
  stop.addEventListener("click", () => { running?.abort(); reader.stop(); prompt.focus(); });
  fresh.addEventListener("click", startAfresh);
  byId("model").addEventListener("change", (event) => { model = event.target.value; });
  byId("orders").addEventListener("click", () => {
    ordering = !ordering;
    localStorage.setItem(ORDERS, ordering ? "on" : "off");
    showOrdering();
  });
  document.addEventListener("keydown", (event) => { if (event.key === "Escape") escape(); });
  mic.open({ heard, interrupt: () => running?.abort() });
  words.addEventListener("change", greet);
  let resident = "";
  const look = () => {
    const now = JSON.stringify([live.status?.state, live.status?.models.map(({ name }) => name)]);
    if (live.ready && now !== resident) {
      resident = now;
      offer().then(refresh, () => { resident = ""; });
    }
    showOrdering();
    refresh();
  };
  for (const what of ["status", "there"]) live.addEventListener(what, look);
  greet();
}
