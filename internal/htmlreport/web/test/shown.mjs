// SPDX-License-Identifier: GPL-2.0-only

// shown is what the page shows of a point, in the form of WANT.
export async function shown(p) {
  await p.waitForSelector("#point h3");
  return p.evaluate(() => {
    const text = (e) => e.textContent.trim();
    const all = (q, in_ = document) => [...in_.querySelectorAll(q)];
    const section = (title) => all(".machine section").find((s) => text(s.querySelector("h4")).startsWith(title));
    const table = document.querySelector(".walks table");
    const heads = all("thead th", table).slice(1);
    const verdicts = {};
    for (const h of heads) for (const w of h.childNodes[2].textContent.trim().split(", ")) verdicts[w] = h.dataset.verdict;
    const registers = {};
    for (const r of all("tr", section("Registers"))) registers[r.querySelector("th").firstChild.textContent.split(" ")[0]] = text(r.querySelector("code")).replace(/^0+(?=.)/, "");
    const cells = (s) => all("tbody tr", s).map((r) => all("td", r).map(text));
    return {
      point: text(document.querySelector("#point h3")),
      place: text(document.querySelector("#point .place code")),
      command: text(document.querySelector("#point .command code")),
      truth: all("tbody th", table).map(text),
      verdicts,
      registers,
      stack: all("tbody tr", section("Stack")).map((r) => text(r.querySelector("td code")).replace(/^0+(?=.)/, "")),
      shadow: cells(section("Shadow")),
      kretprobes: cells(section("kretprobe")),
    };
  });
}

// visible lists, of what a point must show, each field with what is shown and what must be.
export function visible(got, w) {
  return Object.entries(w.shows).map(([field, value]) => [
    field,
    field === "stack" ? got.stack.slice(0, value.length) : field === "registers" || field === "verdicts" ? Object.fromEntries(Object.keys(value).map((k) => [k, got[field][k]])) : got[field],
    value,
  ]);
}
