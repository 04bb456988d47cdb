// @ts-check
// The button one speaks with: held while one speaks, or tapped. What was said goes where typed words go; the answer is
// read aloud, unless that is switched off. A press while something is read aloud, or written, ends that.

import { ApplianceError } from "./appliance.js";
import { byId, toast } from "./elements.js";
import { live } from "./live.js";
import { allowed, listen, Loudspeaker } from "./microphone.js";
import { Turn } from "./voice.js";
import { language, t, words } from "./words.js";

const KEPT = "inglenook.aloud";
/** A shorter press is a tap. */
const TAP_MS = 400;
const [mic, line, aloud] = ["mic", "hearing", "aloud"].map(byId);
const speaker = new Loudspeaker();

/** Reads nothing aloud. */
export const SILENT = { say() {}, done() {}, stop() {} };

let reads = localStorage.getItem(KEPT) !== "off";
/** What the appliance can: whether anything listens, and whether anything speaks. */
let there = { listens: false, speaks: false };
/** @type {"idle" | "opening" | "listening" | "reading" | "answering"} */
let state = "idle";
/** @type {Turn | null} */
let turn = null;
/** @type {{rate: number, close: () => void} | null} */
let microphone = null;
/** Goes up with each press, so that what comes too late is known. */
let presses = 0;
/** How the finger has left the button: it tapped, or all was said. @type {"" | "tapped" | "said"} */
let lifted = "";
/** Whether a silence ends it. */
let alone = false;
/** Whether there is no more to be read aloud than what is played already. */
let last = false;
/** What is done with what was said, and what a press interrupts. */
let to = { heard: (_readings, _reader) => {}, interrupt: () => {} };

/** The models of the appliance are known. @param {any[]} models */
export function offer(models) {
  const tasks = new Set(models.map(({ meta }) => meta.task));
  there = { listens: tasks.has("transcribe"), speaks: tasks.has("speak") };
  show();
}

function become(next, text = "") {
  state = next;
  if (line.textContent !== text) line.textContent = text;
  show();
}

function show() {
  mic.hidden = !there.listens;
  mic.disabled = !live.ready && state === "idle"; // a finger that is on it will leave it
  mic.dataset.state = state;
  const label = t(state === "opening" || state === "listening" ? "mic.end" : "mic");
  mic.setAttribute("aria-label", label);
  mic.title = label;
  line.hidden = !line.textContent;
  aloud.hidden = !there.listens || !there.speaks;
  aloud.setAttribute("aria-pressed", String(reads));
  aloud.setAttribute("aria-label", t("aloud"));
  aloud.title = t(reads ? "aloud.on" : "aloud.off");
}

async function begin() {
  if (!allowed()) {
    toast(t("mic.insecure"));
    return;
  }
  stop();
  to.interrupt();
  speaker.wake();
  presses += 1;
  const press = presses;
  lifted = "";
  last = false;
  become("opening", t("mic.opening"));
  try {
    const opened = await listen((pcm, level) => press === presses && take(pcm, level));
    if (press !== presses) {
      opened.close();
      return;
    }
    microphone = opened;
    turn = new Turn(opened.rate, language(), (what) => press === presses && told(what));
    if (lifted) letGo();
  } catch (error) {
    if (press === presses) failed(error);
  }
}

function take(pcm, level) {
  turn?.hear(pcm);
  mic.style.setProperty("--level", level.toFixed(3));
}

function letGo() {
  if (lifted === "said") turn?.end();
  else turn?.letGo();
  if (state === "listening") become("listening", listening());
}

/** The finger has left the button. Who was not listened to yet has said nothing. */
function leave(how) {
  if (lifted || !["opening", "listening"].includes(state)) return;
  lifted = state === "listening" ? how : "tapped";
  if (turn) letGo();
}

const listening = () => t(lifted ? (alone ? "mic.listening.alone" : "mic.listening.tap") : "mic.listening.hold");

function told(what) {
  switch (what.type) {
    case "listening":
      alone = what.pauses;
      return become("listening", listening());
    case "ended":
      deafen();
      return become("reading", t("mic.reading"));
    case "heard":
      return heard(what.readings);
    case "nothing":
      return idle(t(what.why === "quiet" ? "mic.quiet" : "mic.nothing"));
    case "sound":
      return speaker.play(what.pcm, what.rate);
    case "done":
      last = true;
      return speaker.silent();
    case "failed":
      return failed(what.error);
    default:
      return undefined;
  }
}

function heard(readings) {
  const mine = turn;
  const press = presses;
  become("answering");
  if (!reads || !there.speaks) {
    idle();
    to.heard(readings, SILENT);
    return;
  }
  const here = () => press === presses && turn === mine;
  to.heard(readings, {
    say: (words, said) => here() && mine?.say(words, said),
    done: () => here() && mine?.done(),
    stop: () => here() && stop(),
  });
}

function deafen() {
  microphone?.close();
  microphone = null;
  mic.style.removeProperty("--level");
}

function idle(text = "") {
  deafen();
  turn?.close();
  turn = null;
  become("idle", text);
}

/** Leave off, whatever it is. */
export function stop() {
  presses += 1;
  speaker.stop();
  idle();
}

/** Nobody is there any more to be listened to; what is read aloud is heard in the next room, too. */
export function left() {
  if (state === "opening" || state === "listening") stop();
}

/** Whether there was something to leave off. */
export function cancel() {
  const was = state !== "idle";
  if (was) stop();
  return was;
}

function failed(error) {
  speaker.stop();
  idle();
  const known = { NotAllowedError: "mic.forbidden", NotFoundError: "mic.none", NotReadableError: "mic.taken" }[error.name];
  if (!known && !(error instanceof ApplianceError)) console.error(error);
  toast(known ? t(known) : error instanceof ApplianceError ? error.message : t("mic.broken"));
}

/** A press of the button while it listens says that all was said; else it begins. */
function pressed() {
  if (state === "listening" || (state === "opening" && lifted)) {
    lifted = "said";
    turn?.end();
  } else if (state !== "opening") begin();
}

/** @param {typeof to} where */
export function open(where) {
  to = where;
  let since = 0;
  let began = false;
  mic.addEventListener("pointerdown", (event) => {
    if (event.button !== 0) return;
    mic.setPointerCapture(event.pointerId);
    since = event.timeStamp;
    began = !["opening", "listening"].includes(state);
    pressed();
  });
  const up = (event) => { if (began) leave(event.timeStamp - since < TAP_MS ? "tapped" : "said"); };
  for (const what of ["pointerup", "pointercancel"]) mic.addEventListener(what, up);
  // By keyboard, or by what reads the screen: there is no holding.
  mic.addEventListener("click", (event) => {
    if (event.detail) return;
    pressed();
    leave("tapped");
  });
  mic.addEventListener("contextmenu", (event) => event.preventDefault());
  aloud.addEventListener("click", () => {
    reads = !reads;
    localStorage.setItem(KEPT, reads ? "on" : "off");
    if (!reads && state === "answering") stop();
    show();
  });
  speaker.silent = () => { if (last && !speaker.playing) idle(); };
  for (const what of ["status", "there"]) live.addEventListener(what, show);
  words.addEventListener("change", () => { if (state === "idle") line.textContent = ""; show(); });
  show();
}
