// SPDX-License-Identifier: GPL-2.0-only

type Child = Node | string | null | undefined | false;
type Attributes = Record<string, string | number | boolean | ((e: Event) => void) | undefined>;

// h makes an element. Attributes that are functions listen to the event of their name.
export function h<K extends keyof HTMLElementTagNameMap>(tag: K, attributes: Attributes = {}, ...children: (Child | Child[])[]): HTMLElementTagNameMap[K] {
  const e = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (typeof value === "function") e.addEventListener(name, value);
    else if (value === true) e.setAttribute(name, "");
    else if (value !== false && value !== undefined) e.setAttribute(name, String(value));
  }
  for (const c of children.flat()) if (c) e.append(c);
  return e;
}

export function byId(id: string): HTMLElement {
  const e = document.getElementById(id);
  if (!e) throw new Error("the page has no #" + id);
  return e;
}

// say tells users of screen readers what has changed.
export function say(text: string): void {
  byId("status").textContent = text;
}

// copyButton is a button that copies a text.
export function copyButton(label: string, text: () => string): HTMLButtonElement {
  const b = h("button", { type: "button", class: "copy", click: () => void copy() }, label);
  async function copy() {
    try {
      await navigator.clipboard.writeText(text());
      say("copied");
      b.textContent = "Copied";
    } catch {
      b.textContent = "Select it and copy";
    }
    setTimeout(() => (b.textContent = label), 1500);
  }
  return b;
}
