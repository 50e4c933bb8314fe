// SPDX-License-Identifier: GPL-2.0-only

import { parseMoment } from "./block";
import { byId } from "./dom";
import { shownWalkers, symbolShown, verdictShown, walkers } from "./filters";
import { link, type Route } from "./route";
import { verdicts } from "./verdict";

// filter hides the rows and columns of the overview that the filters don't let through.
export function filter(r: Route): void {
  const names = shownWalkers(r);
  let shown = 0;
  for (const group of document.querySelectorAll<HTMLElement>("#unsound details")) {
    let rows = 0;
    for (const row of group.querySelectorAll<HTMLElement>("tbody tr")) {
      const of = (row.dataset.walkers ?? "").split(" ");
      const ok =
        of.some((w) => names.includes(w)) && verdictShown(r, verdicts.indexOf(row.dataset.verdict as never)) && symbolShown(r, row.dataset.symbol ?? "");
      row.hidden = !ok;
      if (ok) rows++;
    }
    group.hidden = rows === 0;
    shown += rows;
  }
  byId("unsound-none").hidden = shown > 0;
  const hidden = walkers().flatMap((w, i) => (names.includes(w) ? [] : [".w" + i]));
  byId("columns").textContent = hidden.length ? hidden.join(",") + "{display:none}" : "";
  // Links keep the filters.
  for (const a of document.querySelectorAll<HTMLAnchorElement>("#overview a[data-target]")) {
    a.href = link({ target: a.dataset.target!, step: parseMoment(a.dataset.step), mode: a.dataset.mode ?? "" });
  }
}
