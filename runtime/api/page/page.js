// What the reader does, and what the page does then. The history lives in this module only and is gone with the page.

import { ApplianceError, answer, forgetKey, health, models, storeKey, storedKey } from "./appliance.js";
import { Answer, clear, said } from "./conversation.js";

const byId = (id) => document.getElementById(id);
const [form, prompt, send, stop, fresh] = ["form", "prompt", "send", "stop", "fresh"].map(byId);
const POLL_MS = 1000;

let history = [];
let model = null;
let running = null;

// The appliance: is it there, is the model loaded, does it know us?

function show(lamp, where, notice = "") {
  byId("lamp").className = `lamp ${lamp}`;
  byId("where").textContent = where;
  byId("notice").textContent = notice;
  byId("notice").hidden = !notice;
  byId("notice").className = lamp === "away" ? "notice" : "notice calm";
}

async function connect() {
  model = null;
  refresh();
  for (;;) {
    const { state, message } = await health();
    if (state === "ready") break;
    if (state === "away") show("away", "Out of reach", "The appliance cannot be reached. Trying again…");
    else if (message === "Loading model") show("", "Warming up", "The model is being loaded. You can write already.");
    else show("", message, "The appliance is shutting down.");
    await new Promise((resolve) => { setTimeout(resolve, POLL_MS); });
  }
  try {
    offer(await models());
  } catch (error) {
    if (error.status === 401) await unlock();
    else await new Promise((resolve) => { setTimeout(resolve, POLL_MS); });
    await connect();
  }
}

function offer(answering) {
  const select = byId("model");
  select.replaceChildren(...answering.map(({ id }) => new Option(id, id)));
  byId("models").hidden = answering.length < 2;
  model = select.value;
  const words = new Set(answering.map(({ display }) => display).filter(Boolean));
  byId("attribution").textContent = [...words].join(" · ");
  byId("attribution").hidden = !words.size;
  show("ready", answering.length < 2 ? `${model} · local` : "Local");
  refresh();
}

/** Ask for the key; a key that is stored by now was a wrong one. */
function unlock() {
  byId("wrong").hidden = !storedKey();
  forgetKey();
  show("", "Locked");
  byId("key").value = "";
  byId("lock").showModal();
  return new Promise((resolve) => {
    byId("lock").addEventListener("close", resolve, { once: true });
  });
}

byId("lock-form").addEventListener("submit", (event) => {
  event.preventDefault();
  storeKey(byId("key").value.trim(), byId("remember").checked);
  byId("lock").close();
});
byId("lock").addEventListener("cancel", (event) => event.preventDefault());
byId("model").addEventListener("change", (event) => { model = event.target.value; });

// The conversation.

async function ask(text) {
  byId("welcome").hidden = true;
  said(text);
  history.push({ role: "user", content: text });
  await reply();
}

async function reply() {
  const turns = history;
  const shown = new Answer();
  running = new AbortController();
  refresh();
  try {
    const note = await read(answer(model, turns, running.signal), shown);
    keep(shown, turns);
    shown.finish(note);
    byId("announce").textContent = shown.text;
  } catch (error) {
    settle(error, shown, turns);
  } finally {
    running = null;
    refresh();
  }
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
    if (choice?.delta.reasoning_content) shown.note("Thinking…");
    if (choice?.delta.content) {
      began ||= performance.now();
      shown.append(choice.delta.content);
      count += 1;
      const seconds = (performance.now() - began) / 1000;
      shown.note(seconds > 0.5 ? `about ${(count / seconds).toFixed(1)} tokens/s` : "Answering…");
    }
    reason = choice?.finish_reason ?? reason;
    timings = chunk.timings ?? timings;
  }
  return summary(reason, timings);
}

function summary(reason, timings) {
  const parts = [`${timings.predicted_n} tokens`, `${timings.predicted_per_second.toFixed(1)} tokens/s`];
  parts.push(`prompt ${timings.cache_n + timings.prompt_n} tokens in ${(timings.prompt_ms / 1000).toFixed(2)} s`);
  if (timings.cache_n) parts.push(`${timings.cache_n} remembered`);
  if (reason === "length") parts.push("cut at the length limit");
  return parts.join(" · ");
}

/** An answer that ended early: by the reader's wish, or by a failure. */
function settle(error, shown, turns) {
  if (error.name === "AbortError") {
    keep(shown, turns);
    shown.finish("Stopped");
    return;
  }
  const question = turns.pop();
  if (!(error instanceof ApplianceError)) {
    console.error(error);
    shown.fail("Something went wrong in this page. Reload it to start afresh.");
    return;
  }
  if (error.status === 401 || error.status === 0) connect();
  shown.fail(error.message, () => { history.push(question); reply(); });
}

/** Put what there is of an answer into the history; a question without any answer leaves it. */
function keep(shown, turns) {
  if (shown.text) turns.push({ role: "assistant", content: shown.text });
  else turns.pop();
}

function startAfresh() {
  running?.abort();
  history = [];
  clear();
  byId("welcome").hidden = false;
  refresh();
  prompt.focus();
}

// The controls.

function refresh() {
  send.hidden = Boolean(running);
  stop.hidden = !running;
  send.disabled = !model || !prompt.value.trim();
  fresh.disabled = byId("conversation").childElementCount === 0;
  for (const button of document.querySelectorAll(".try, .again")) button.disabled = !model;
  prompt.style.height = "auto";
  prompt.style.height = `${prompt.scrollHeight}px`;
}

function submit(text) {
  if (!model || running || !text.trim()) return;
  prompt.value = "";
  ask(text.trim());
}

form.addEventListener("submit", (event) => { event.preventDefault(); submit(prompt.value); });
prompt.addEventListener("input", refresh);
window.addEventListener("resize", refresh);
prompt.addEventListener("keydown", (event) => {
  // While an input method composes, Enter picks a character.
  if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
  event.preventDefault();
  submit(prompt.value);
});
stop.addEventListener("click", () => { running?.abort(); prompt.focus(); });
fresh.addEventListener("click", startAfresh);
document.addEventListener("keydown", (event) => { if (event.key === "Escape") running?.abort(); });
for (const button of document.querySelectorAll(".try")) {
  button.addEventListener("click", () => submit(button.textContent));
}

const hour = new Date().getHours();
const time = hour < 5 ? "evening" : hour < 12 ? "morning" : hour < 18 ? "afternoon" : "evening";
byId("greeting").textContent = `Good ${time}.\nWhat would you like to know?`;
connect();
