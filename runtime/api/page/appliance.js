// @ts-check
// Talks to the appliance that this page came from, and to nothing else. Knows no DOM.

import { has, t } from "./words.js";

const KEY = "inglenook.key";

/** A failure, in words for a person; `status` is 0 when the appliance could not be reached. */
export class ApplianceError extends Error {
  constructor(message, status, code = null) {
    super(message);
    this.status = status;
    this.code = code;
  }
}

/** The key typed before: in this tab, or on this device if that was wished. */
export function storedKey() {
  return sessionStorage.getItem(KEY) ?? localStorage.getItem(KEY);
}

export function storeKey(key, remember) {
  forgetKey();
  (remember ? localStorage : sessionStorage).setItem(KEY, key);
}

export function forgetKey() {
  sessionStorage.removeItem(KEY);
  localStorage.removeItem(KEY);
}

/** Asks for the key when one is needed; set by who can show a dialog. */
export const keeper = { /** @type {() => Promise<void>} */ ask: () => Promise.resolve() };

/**
 * The response to a request; a key is asked for as often as one is missing or wrong.
 * @param {string} path
 * @param {RequestInit & {headers?: any}} options
 */
export async function call(path, options = {}) {
  for (;;) {
    const headers = new Headers(options.headers);
    const key = storedKey();
    if (key) headers.set("Authorization", `Bearer ${key}`);
    const response = await reach(path, { ...options, headers, cache: "no-store" });
    if (response.ok) return response;
    if (response.status !== 401) throw await failure(response);
    if (storedKey() === key) await keeper.ask(); // else another asked meanwhile
  }
}

/** The object that a request is answered with. */
export async function json(path, body) {
  const sent = body === undefined ? {} : {
    method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body),
  };
  return (await call(path, sent)).json();
}

/** What the key is good for: chat, command, admin. @returns {Promise<Set<string>>} */
export async function scopes() {
  return new Set((await json("kiosk/key")).scopes);
}

/** The models that answer. */
export async function models() {
  return (await json("v1/models")).data;
}

/** The chunks of one streamed answer. Aborting `signal` ends the answer on the appliance too. */
export async function* answer(model, messages, signal) {
  const response = await call("v1/chat/completions", {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify({
      model, messages, stream: true, stream_options: { include_usage: true }, return_progress: true,
    }),
    signal,
  });
  for await (const line of unbroken(lines(response))) {
    if (!line.startsWith("data: ")) continue;
    if (line === "data: [DONE]") return;
    const chunk = JSON.parse(line.slice(6));
    if (chunk.error) throw refused(chunk.error, response.status);
    yield chunk;
  }
  throw new ApplianceError(t("error.broken"), 0);
}

/** The lines of a response as they come. @param {Response} response */
export async function* lines(response) {
  if (!response.body) return;
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = "";
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return;
    const found = (rest + value).split("\n");
    rest = found.pop() ?? "";
    yield* found;
  }
}

/** What `source` yields; a network that fails meanwhile is put into words. */
async function* unbroken(source) {
  try {
    yield* source;
  } catch (error) {
    throw error.name === "AbortError" ? error : new ApplianceError(t("error.broken"), 0);
  }
}

async function reach(path, options) {
  try {
    return await fetch(path, options);
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new ApplianceError(t("error.away"), 0);
  }
}

async function failure(response) {
  try {
    const { error } = await response.json();
    return refused(typeof error === "string" ? { message: error } : error, response.status);
  } catch {
    return new ApplianceError(t("error.odd", { status: response.status }), response.status);
  }
}

/** In the reader's language where we have the words; else in the appliance's. */
export function refused({ message, code = null }, status) {
  const known = [`error.${code}`, `error.${status}`].find(has);
  return new ApplianceError(known ? t(known, { message }) : message, status, code);
}
