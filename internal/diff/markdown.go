// SPDX-License-Identifier: GPL-2.0-only

package diff

import (
	"fmt"
	"io"
	"strings"

	"stacksweep/internal/markdown"
)

// mostRows is how many changes Markdown lists, so that a comment on a pull request takes it. The rest is counted.
const mostRows = 100

// Markdown writes a report for a mail, or a comment on a pull request.
func (r *Report) Markdown(w io.Writer) error {
	var b strings.Builder
	lines := r.remarks()
	fmt.Fprintf(&b, "**%s**\n", lines[len(lines)-1])
	for _, line := range lines[:len(lines)-1] {
		fmt.Fprintf(&b, "\n%s\n", line)
	}
	if len(r.Walkers) > 0 {
		b.WriteString("\n| instructions | worse | appeared | better | vanished |\n|---|--:|--:|--:|--:|\n")
		for _, t := range r.Walkers {
			fmt.Fprintf(&b, "| %s | %d | %d | %d | %d |\n", markdown.Text(t.Walker), t.Counts[Worse],
				t.Counts[Appeared], t.Counts[Better], t.Counts[Vanished])
		}
	}
	rows, left := 0, 0
	for i := range r.Targets {
		t := &r.Targets[i]
		if rows >= mostRows {
			left += max(1, len(t.Changes))
			continue
		}
		fmt.Fprintf(&b, "\n### %s\n", markdown.Text(t.title()))
		for _, line := range t.notes() {
			fmt.Fprintf(&b, "\n%s\n", markdown.Text(line))
		}
		if len(t.Changes) == 0 {
			continue
		}
		b.WriteString("\n| | mode | where | verdict | walkers | for example |\n|---|---|---|---|---|---|\n")
		for j := range t.Changes {
			if rows++; rows > mostRows {
				left++
				continue
			}
			c := &t.Changes[j]
			label := c.label()
			if c.Fails {
				label = "**" + label + "**"
			}
			fmt.Fprintf(&b, "| %s | %s | %s | %s | %s | %s |\n", label, c.mode(), markdown.Code(c.place()),
				c.verdicts(), markdown.Text(strings.Join(c.Walkers, ", ")), markdown.Code(c.Point))
		}
	}
	if left > 0 {
		fmt.Fprintf(&b, "\n… and %d more changes.\n", left)
	}
	_, err := io.WriteString(w, b.String())
	return err
}
