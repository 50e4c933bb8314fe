// SPDX-License-Identifier: GPL-2.0-only

package tui

import (
	"fmt"

	"stacksweep/internal/inspect"
)

// fateMarks stand before an entry of a list: nothing, new, altered, gone.
var fateMarks = map[inspect.Fate]string{inspect.Kept: " ", inspect.Added: "+", inspect.Altered: "*", inspect.Gone: "-"}

func fateRole(f inspect.Fate) role {
	switch f {
	case inspect.Kept:
		return plain
	case inspect.Gone:
		return bad
	}
	return changed
}

// listsPane shows the shadow stack and the kretprobe instances.
func (m *Model) listsPane(w, h int) []line {
	l := m.look
	var lines []line
	for _, e := range l.shadow {
		lines = append(lines, entryLine(e.Fate, e.Entry.Func, e.Entry.Ret, e.Entry.Retp, l))
	}
	if len(lines) == 0 {
		lines = append(lines, text(faint, " empty"))
	}
	if len(l.probes) > 0 {
		lines = append(lines, text(title, "── kretprobe instances"))
		for _, e := range l.probes {
			lines = append(lines, entryLine(e.Fate, 0, e.Entry.RetAddr, e.Entry.FP, l))
		}
	}
	return block("fgraph shadow stack", w, h, lines[m.scrollFrom(&m.scrolled.lists, 0, len(lines), h-1):])
}

// entryLine says which function returns where, and the X29 by which an unwinder finds the entry. What is still zero
// has not been written yet.
func entryLine(f inspect.Fate, function, ret, fp uint64, l *look) line {
	text := fateMarks[f]
	if function != 0 {
		text += functionName(l.name(function)) + " "
	}
	out := line{{fmt.Sprintf("%s→ %s", text, l.name(ret)), fateRole(f)}}
	if f == inspect.Gone {
		out.add(bad, " GONE")
	}
	if fp != 0 {
		out.add(faint, "  fp "+l.name(fp))
	}
	return out
}
