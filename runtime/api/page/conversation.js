// The conversation as elements. Text enters as text, never as markup. Knows nothing of the network.

const list = document.getElementById("conversation");
const scroll = document.getElementById("scroll");

function element(kind, name, text = "") {
  const made = document.createElement(kind);
  made.className = name;
  made.textContent = text;
  return made;
}

// The view stays at the end of the conversation if that is where the reader left it.
let following = false;
scroll.addEventListener("scroll", () => {
  following = scroll.scrollHeight - scroll.scrollTop - scroll.clientHeight < 80;
}, { passive: true });
new ResizeObserver(follow).observe(scroll);

function follow() {
  if (following) scroll.scrollTop = scroll.scrollHeight;
}

function toEnd() {
  following = true;
  follow();
}

function turn(name, speaker) {
  const item = element("li", `turn ${name}`);
  item.append(element("span", "unseen", speaker));
  list.append(item);
  return item;
}

export function clear() {
  following = false;
  list.replaceChildren();
}

/** What the reader said. */
export function said(text) {
  turn("mine", "You:").append(element("div", "words", text));
  toEnd();
}

/** An answer that grows. */
export class Answer {
  #item = turn("theirs answering", "Answer:");
  #words = element("div", "words");
  #about = element("p", "about");
  #progress = null;

  constructor() {
    for (const button of list.querySelectorAll(".again")) button.remove();
    this.#item.append(this.#words, this.#about);
    this.note("Waiting for the model…");
    toEnd();
  }

  get text() {
    return this.#words.textContent;
  }

  /** The line below the text. */
  note(text) {
    this.#about.textContent = text;
    follow();
  }

  /** How far the prompt is read. */
  reading({ processed, total, cache }) {
    if (!this.#progress) {
      this.#progress = element("progress", "");
      this.#progress.setAttribute("aria-label", "Reading");
      this.#item.append(this.#progress);
    }
    this.#progress.max = total;
    this.#progress.value = processed;
    const known = cache ? `, ${cache} remembered` : "";
    this.note(`Reading: ${processed} of ${total} tokens${known}`);
  }

  append(text) {
    this.#doneReading();
    if (!this.#words.firstChild) this.#words.append("");
    this.#words.firstChild.appendData(text);
    follow();
  }

  finish(note) {
    this.#doneReading();
    this.#item.classList.remove("answering");
    this.note(note);
  }

  /** Say what went wrong, and offer `again` if there is something to try. */
  fail(message, again) {
    this.finish(message);
    this.#item.classList.add("failed");
    if (!again) return;
    const button = element("button", "again", "Try again");
    button.type = "button";
    button.addEventListener("click", () => { this.#item.remove(); again(); });
    this.#item.append(button);
    follow();
  }

  #doneReading() {
    this.#progress?.remove();
    this.#progress = null;
  }
}
