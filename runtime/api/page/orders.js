// @ts-check
// Commands: how they are sent, so that none is done twice, and how it is decided what is one. Knows no elements.

import { ApplianceError, json } from "./appliance.js";
import { random } from "./elements.js";
import { live } from "./live.js";
import { sure } from "./lock.js";
import { language, t } from "./words.js";

const PATH = "v1/commands";
/** Letters; nobody says more to a lamp. */
const LONGEST = 200;
const CERTAIN = new Set(["owner", "rules", "session", "asking"]);
const NO_COMMAND = new Set(["not_understood", "out_of_scope"]);
const PATIENCE_MS = 5000;

/** Turns of one conversation know of each other. */
let session = `page-${random()}`;
/** The questions of the house that wait for an answer: the language of each, by its session. @type {Map<string, string>} */
const waiting = new Map();
/** Done when no question is being closed. */
let closing = Promise.resolve();

export function newSession() {
  leave();
  session = `page-${random()}`;
}

/** Say no to what the house asked, if it still waits: nothing that is said later is the answer to it. */
export function leave() {
  const left = [...waiting];
  waiting.clear();
  if (left.length) closing = Promise.all([closing, ...left.map(deny)]).then(() => {});
  return closing;
}

/** Where the no is not heard, the question stays behind with the session it was asked in. */
async function deny([asked, language]) {
  const no = { text: language.startsWith("zh") ? "不要" : "no", session: asked, answer: false, language };
  const late = new Promise((resolve) => { setTimeout(resolve, PATIENCE_MS); });
  const heard = await Promise.race([once(no).catch(() => null), late]);
  if (heard?.reason !== "not_wanted") session = `page-${random()}`;
}

/** Whether commands are taken now. */
export const taken = () => live.status?.commands === "ready";

/** Have a capability be at a value; what came of it. A dangerous one is asked about first. */
export function set(device, capability, value) {
  return settled({ device, capability, value, session: `${session}-home`, ...inLanguage(language()) });
}

/**
 * What a sentence is: `{is: "talk"}`, `{is: "command"}`, or `{is: "guess", text}` where a person should say so. Of a
 * command that would be done, `text` tells what that is.
 * Nothing is done to find out.
 */
export async function decide(text) {
  if (!taken() || text.length > LONGEST) return { is: "talk" };
  await closing;
  const said = await json(PATH, { ...worded(text), dry_run: true }).catch(unlessRefused);
  if (said.status === "failed" || (said.status === "refused" && NO_COMMAND.has(said.reason))) return { is: "talk" };
  if (said.status === "would" && !CERTAIN.has(said.route)) {
    leave();
    return { is: "guess", text: said.text };
  }
  return { is: "command", text: said.status === "would" ? said.text : undefined };
}

/** A key that may not command, or words that can be no command: then it is talk. */
function unlessRefused(error) {
  if (!(error instanceof ApplianceError) || ![400, 403, 404].includes(error.status)) throw error;
  return { status: "failed" };
}

/** Do what a sentence says. */
export async function say(text) {
  await closing;
  return settled(worded(text));
}

function worded(text) {
  return { text, session, answer: false, ...inLanguage(/\p{Script=Han}/u.test(text) ? "zh-TW" : "en") };
}

/** The language, if the house understands it; else it takes its own. */
function inLanguage(wanted) {
  const known = live.status?.languages ?? [];
  const same = known.find((each) => each.split("-")[0] === wanted.split("-")[0]);
  return same || !known.length ? { language: same ?? wanted } : {};
}

/** The result of a command; if it asks whether that is meant, of what a person says to that. */
async function settled(fields) {
  const result = await heard(fields);
  if (!result.token) return result;
  if (await sure(question(result.text), t("sure.yes"), t("sure.no"))) return heard({ confirms: result.token, session: fields.session });
  await leave();
  return { ...result, status: "refused", reason: "not_wanted", text: t("sure.nothing"), options: [] };
}

/** A question without how it may be answered: there are buttons for that. */
const question = (text) => text.replace(/([?？])[^?？]*$/u, "$1");

/** Send it, and keep in mind whether the house asks back. It may have where the answer is lost: that session is left. */
async function heard(fields) {
  waiting.delete(fields.session);
  try {
    const result = await once(fields);
    if (result.status === "asked") waiting.set(fields.session, result.language);
    return result;
  } catch (error) {
    session = `page-${random()}`;
    throw error;
  }
}

/** Send it. An answer that was lost is asked for again by the same id, which does nothing twice. */
async function once(fields) {
  const order = { id: random(), ...fields };
  try {
    return await json(PATH, order);
  } catch (error) {
    if (!(error instanceof ApplianceError) || error.status !== 0) throw error;
    await new Promise((resolve) => { setTimeout(resolve, 1000); });
    return json(PATH, order);
  }
}
