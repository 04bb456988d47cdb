// @ts-check
// One spoken turn with the appliance: sound goes there, what was said comes back, and the answer to it as sound.

import { ApplianceError, call, refused, storedKey } from "./appliance.js";
import { t } from "./words.js";

const PATH = "kiosk/voice";
/** Pieces that are kept until the appliance listens: some seconds. */
const KEPT = 256;

/** A page can put no header on a socket, so the key goes where it can. */
function protocols() {
  const key = storedKey();
  if (!key) return ["inglenook.voice"];
  return ["inglenook.voice", `inglenook.key.${btoa(key).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "")}`];
}

/** Tells what comes to `told`, as objects with a type, `sound` and `failed` among them. */
export class Turn {
  #socket;
  #told;
  /** @type {(ArrayBuffer | string)[]} What is not sent yet. */
  #waiting = [];
  #listened = false;
  #over = false;
  #rate = 0;

  /** @param {number} rate @param {string} language @param {(what: any) => void} told */
  constructor(rate, language, told) {
    this.#told = told;
    const url = new URL(`${PATH}?${new URLSearchParams({ rate: String(rate), language })}`, location.href);
    url.protocol = url.protocol.replace("http", "ws");
    url.hash = "";
    this.#socket = new WebSocket(url, protocols());
    this.#socket.binaryType = "arraybuffer";
    this.#socket.onmessage = ({ data }) => this.#take(data);
    this.#socket.onclose = () => this.#ended();
  }

  /** Sound of the microphone. @param {ArrayBuffer} pcm */
  hear(pcm) {
    if (this.#listened || this.#waiting.length < KEPT) this.#send(pcm);
  }

  /** The button was tapped: what is said ends by itself. */
  letGo() { this.#send({ type: "let_go" }); }

  /** That was all. */
  end() { this.#send({ type: "end" }); }

  /** More of what is to be read aloud. @param {string} text @param {string} [language] */
  say(text, language) { this.#send({ type: "say", text, language }); }

  /** There is no more of it. */
  done() { this.#send({ type: "done" }); }

  /** Enough of it all. */
  close() {
    this.#over = true;
    this.#socket.close();
  }

  #send(what) {
    const sent = what instanceof ArrayBuffer ? what : JSON.stringify(what);
    if (!this.#listened) this.#waiting.push(sent);
    else if (this.#socket.readyState === WebSocket.OPEN) this.#socket.send(sent);
  }

  #take(data) {
    if (this.#over) return;
    if (data instanceof ArrayBuffer) {
      this.#told({ type: "sound", pcm: data, rate: this.#rate });
      return;
    }
    const said = JSON.parse(data);
    if (said.type === "sound") {
      this.#rate = said.rate;
      return;
    }
    if (said.type === "listening") {
      this.#listened = true;
      for (const each of this.#waiting.splice(0)) this.#socket.send(each);
    }
    if (["nothing", "done", "error"].includes(said.type)) this.#over = true;
    this.#told(said.type === "error" ? { type: "failed", error: refused(said, said.status) } : said);
  }

  async #ended() {
    if (this.#over) return;
    this.#over = true;
    this.#told({ type: "failed", error: this.#listened ? new ApplianceError(t("voice.broken"), 0) : await why() });
  }
}

/** A socket that is refused does not tell a page why; the same path without one does. */
async function why() {
  try {
    await call(PATH);
  } catch (error) {
    if (error instanceof ApplianceError && error.status !== 426) return error;
  }
  return new ApplianceError(t("voice.broken"), 0);
}
