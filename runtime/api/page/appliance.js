// Talks to the appliance that this page came from, and to nothing else. Knows no DOM.

const KEY = "inglenook.key";
const BROKEN = "The connection broke, so the answer is not complete.";

/** A failure that the appliance put into words; `status` is 0 when it could not be reached. */
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

/** "ready", "busy" (loading or shutting down: it says which in `message`) or "away". */
export async function health() {
  try {
    const response = await fetch("health", { cache: "no-store" });
    if (response.ok) return { state: "ready", message: "" };
    return { state: "busy", message: (await response.json()).error.message };
  } catch {
    return { state: "away", message: "" };
  }
}

/** The models that answer: their ids, and the words that their licences want shown. */
export async function models() {
  const response = await call("v1/models", {});
  return (await response.json()).data.map((model) => ({ id: model.id, display: model.licence.display }));
}

/** The objects of one streamed answer. Aborting `signal` ends the answer on the appliance too. */
export async function* answer(model, messages, signal) {
  const response = await call("v1/chat/completions", {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify({
      model, messages, stream: true, stream_options: { include_usage: true }, return_progress: true,
    }),
    signal,
  });
  for await (const data of unbroken(events(response.body))) {
    if (data === "[DONE]") return;
    const chunk = JSON.parse(data);
    if (chunk.error) throw new ApplianceError(chunk.error.message, response.status, chunk.error.code);
    yield chunk;
  }
  throw new ApplianceError(BROKEN, 0);
}

/** What `source` yields; a network that fails meanwhile is put into words. */
async function* unbroken(source) {
  try {
    yield* source;
  } catch (error) {
    throw error.name === "AbortError" ? error : new ApplianceError(BROKEN, 0);
  }
}

/** The data of each server-sent event; ours are one line each. */
async function* events(body) {
  const reader = body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = "";
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return;
    const lines = (rest + value).split("\n");
    rest = lines.pop();
    for (const line of lines) if (line.startsWith("data: ")) yield line.slice(6);
  }
}

async function call(path, options) {
  const headers = new Headers(options.headers);
  const key = storedKey();
  if (key) headers.set("Authorization", `Bearer ${key}`);
  let response;
  try {
    response = await fetch(path, { ...options, headers, cache: "no-store" });
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new ApplianceError("The appliance cannot be reached. Is it on, and on this network?", 0);
  }
  if (response.ok) return response;
  const { error } = await response.json();
  throw new ApplianceError(error.message, response.status, error.code);
}
