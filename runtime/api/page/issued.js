// @ts-check
// Keys for others: who has one and what for, a new one (shown once), and taking one back.

import { call, json } from "./appliance.js";
import { button, byId, make, random, toast, written } from "./elements.js";
import { sure } from "./lock.js";
import { t } from "./words.js";

const PATH = "v1/admin/keys";
const SCOPES = ["chat", "command", "admin"];

export class Issued {
  #list = make("div");
  #name = make("input", { id: "issue", type: "text", required: true, maxlength: 32, autocomplete: "off", autocapitalize: "off", spellcheck: "false" });
  /** @type {[string, HTMLInputElement][]} */ #boxes;
  #made = make("div", { class: "made", role: "status" });
  #said = make("p", { class: "bad", role: "status" });

  /** @param {Set<string>} good What the key of this page is good for: nobody gives away what they have not. */
  constructor(good) {
    this.#boxes = SCOPES.map((scope) => [scope, make("input", { type: "checkbox", checked: scope === "chat" && good.has(scope), disabled: !good.has(scope) })]);
    const form = make("form", { class: "pull" }, make("label", { for: "issue" }, ...written(t("issue.name"))),
      make("div", { class: "line" }, this.#name, make("button", { type: "submit", class: "main" }, t("issue.make"))),
      make("fieldset", { class: "scopes" }, make("legend", {}, t("issue.scopes")),
        ...this.#boxes.map(([scope, box]) => make("label", { class: "check" }, box, t(`scope.${scope}.about`)))),
      this.#said);
    form.addEventListener("submit", (event) => { event.preventDefault(); this.#make(this.#name.value.trim()); });
    this.element = make("div", {}, this.#list, this.#made, form);
  }

  /** Whether a key is shown that nobody has copied yet. */
  get busy() {
    return this.#made.hasChildNodes();
  }

  /** Show those there are now. */
  async refresh() {
    const { data } = await json(PATH);
    this.#list.replaceChildren(data.length ? make("ul", { class: "lines" }, ...data.map((each) => this.#line(each)))
      : make("p", { class: "soft" }, t("issue.none")));
  }

  #line({ name, scopes, made }) {
    const good = scopes.map((scope) => t(`scope.${scope}`)).join(t("comma"));
    const day = new Date(made).toLocaleDateString(document.documentElement.lang, { dateStyle: "medium", timeZone: "UTC" });
    return make("li", {}, make("strong", {}, name), make("span", { class: "soft" }, t("issue.about", { scopes: good, day })),
      make("div", { class: "acts" }, button(t("issue.remove"), () => this.#remove(name), { "aria-label": `${t("issue.remove")} ${name}` })));
  }

  async #make(name) {
    this.#said.textContent = "";
    const scopes = this.#boxes.filter(([, box]) => box.checked).map(([scope]) => scope);
    if (!scopes.length) {
      this.#said.textContent = t("issue.nothing");
      return;
    }
    try {
      const { key } = await json(PATH, { name, scopes });
      this.#name.value = "";
      this.#show(name, key);
      await this.refresh();
    } catch (error) {
      this.#said.replaceChildren(...written(error.message));
    }
  }

  /** The key is nowhere else: it stays until somebody says that it was copied. */
  #show(name, key) {
    const id = `key-${random()}`;
    const shown = make("input", { id, type: "text", readonly: true, value: key, spellcheck: "false", autocomplete: "off" });
    const done = button(t("issue.done"), () => { this.#made.replaceChildren(); this.#name.focus(); });
    this.#made.replaceChildren(make("label", { for: id }, t("issue.once", { name })),
      make("div", { class: "line" }, shown, button(t("issue.copy"), () => copy(shown)), done));
    shown.focus();
    shown.select();
  }

  async #remove(name) {
    if (!(await sure(t("issue.remove.sure", { name }), t("issue.remove")))) return;
    try {
      await call(`${PATH}/${encodeURIComponent(name)}`, { method: "DELETE" });
      toast(t("issue.removed", { name }));
      await this.refresh();
    } catch (error) {
      toast(error.message);
    }
    byId("title-issue").focus();
  }
}

/** Browsers lend the clipboard to pages that came over TLS, or from this machine; elsewhere one copies by hand. */
async function copy(shown) {
  shown.select();
  try {
    await navigator.clipboard.writeText(shown.value);
    toast(t("issue.copied"));
  } catch {
    toast(t("issue.copy.hand"));
  }
}
