// SPDX-License-Identifier: GPL-2.0-only

import { momentName } from "./block";
import { byId } from "./dom";
import { sameFilters, setUp } from "./filters";
import { filter } from "./overview";
import { onChange, route, go, type Route } from "./route";
import { show } from "./target";

const filters = setUp();
let filtered: Route | undefined;

function display(r: Route, before?: Route): void {
  filters(r);
  const overview = r.target === "";
  byId("overview").hidden = !overview;
  byId("target").hidden = overview;
  if (overview) {
    if (!filtered || !sameFilters(filtered, r)) filter(r);
    filtered = r;
    document.title = "stacksweep";
  } else {
    document.title = r.target + (r.step >= 0 ? "@" + momentName(r.step) : "") + " – stacksweep";
    void show(r, () => route() === r);
  }
  if (before && before.target !== r.target) scrollTo(0, 0);
}

onChange(display);
display(route());

document.addEventListener("keydown", (e) => {
  const typing = e.target instanceof Element && e.target.closest("input, select, textarea");
  if (e.ctrlKey || e.metaKey || e.altKey) return;
  if (e.key === "Escape" && typing) (e.target as HTMLElement).blur();
  if (typing) return;
  if (e.key === "/") {
    e.preventDefault();
    (byId("filters-box") as HTMLDetailsElement).open = true;
    byId("symbol").focus();
  } else if (e.key === "Escape" && route().target) go(route().step >= 0 ? { step: -1 } : { target: "", mode: "" });
  else document.querySelector<HTMLAnchorElement>('a[data-key="' + CSS.escape(e.key) + '"]')?.click();
});
