// @ts-check
// The browser's microphone and loudspeaker. Knows no network and no elements.

/** What the appliance likes best; a browser that insists on another rate sends that. */
const RATE = 16000;
const WANTED = { audio: { channelCount: 1, echoCancellation: true, noiseSuppression: true, autoGainControl: true } };

/** Whether the browser gives pages of this address a microphone at all: over https, or from the device itself. */
export const allowed = () => window.isSecureContext && Boolean(navigator.mediaDevices?.getUserMedia);

/**
 * Listen, until `close` is called. `take` gets each piece of sound, and how loud it was, from 0 to 1.
 * @param {(pcm: ArrayBuffer, level: number) => void} take
 */
export async function listen(take) {
  const stream = await navigator.mediaDevices.getUserMedia(WANTED);
  let context = null;
  try {
    context = await recording(stream, RATE, take).catch(() => recording(stream, undefined, take));
  } catch (error) {
    release(stream);
    throw error;
  }
  return { rate: context.sampleRate, close: () => { release(stream); context.close(); } };
}

async function recording(stream, sampleRate, take) {
  const context = new AudioContext({ sampleRate, latencyHint: "interactive" });
  try {
    await context.audioWorklet.addModule("recorder.js");
    const node = new AudioWorkletNode(context, "recorder", { numberOfOutputs: 0, channelCount: 1, channelCountMode: "explicit" });
    node.port.onmessage = ({ data: { pcm, level } }) => take(pcm, level);
    context.createMediaStreamSource(stream).connect(node);
    await context.resume();
    return context;
  } catch (error) {
    context.close();
    throw error;
  }
}

function release(stream) {
  for (const track of stream.getTracks()) track.stop();
}

/** Plays pieces of sound, one behind the other. */
export class Loudspeaker {
  /** @type {AudioContext | null} */ #context = null;
  /** @type {Set<AudioBufferSourceNode>} */ #playing = new Set();
  #until = 0;
  /** Called when the last of it was played. */
  silent = () => {};

  /** While a finger is on a button: later a browser might not let a page make a sound. */
  wake() {
    this.#context ??= new AudioContext();
    this.#context.resume();
  }

  get playing() {
    return this.#playing.size > 0;
  }

  /** @param {ArrayBuffer} pcm of 16 bits @param {number} rate */
  play(pcm, rate) {
    const context = this.#context;
    const numbers = Float32Array.from(new Int16Array(pcm), (each) => each / 32768);
    if (context?.state !== "running" || !numbers.length) return; // a browser that lets nothing sound ends nothing, too
    const buffer = context.createBuffer(1, numbers.length, rate);
    buffer.copyToChannel(numbers, 0);
    const source = new AudioBufferSourceNode(context, { buffer });
    source.connect(context.destination);
    source.onended = () => {
      this.#playing.delete(source);
      if (!this.playing) this.silent();
    };
    this.#playing.add(source);
    this.#until = Math.max(this.#until, context.currentTime + 0.05);
    source.start(this.#until);
    this.#until += buffer.duration;
  }

  stop() {
    for (const source of this.#playing) {
      source.onended = null;
      source.stop();
    }
    this.#playing.clear();
    this.#until = 0;
  }
}
