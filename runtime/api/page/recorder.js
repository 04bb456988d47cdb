// What runs beside the page and takes the sound of the microphone, as an AudioWorklet: numbers of 16 bits, and how loud.

const PIECE = 1024;

class Recorder extends AudioWorkletProcessor {
  #piece = new Int16Array(PIECE);
  #count = 0;
  #loudest = 0;

  process([[channel]]) {
    for (const value of channel ?? []) {
      const bounded = Math.max(-1, Math.min(1, value));
      this.#loudest = Math.max(this.#loudest, Math.abs(bounded));
      this.#piece[this.#count] = Math.round(bounded * 32767);
      this.#count += 1;
      if (this.#count === PIECE) this.#send();
    }
    return true;
  }

  #send() {
    const { buffer } = this.#piece;
    this.port.postMessage({ pcm: buffer, level: this.#loudest }, [buffer]);
    this.#piece = new Int16Array(PIECE);
    this.#count = 0;
    this.#loudest = 0;
  }
}

registerProcessor("recorder", Recorder);
