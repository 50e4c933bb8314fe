// SPDX-License-Identifier: GPL-2.0-only

package shell

import (
	"os/exec"
	"testing"
)

// A shell reads back what was quoted.
func TestQuote(t *testing.T) {
	for _, word := range []string{"", "plain", "v6.17,sframe", "exec:python3 liar.py", "it's", `a"b\c$d`, "$(x)",
		"a\nb", "*", "~", "a#b"} {
		out, err := exec.CommandContext(t.Context(), "sh", "-c", "printf %s "+Quote(word)).Output()
		if err != nil || string(out) != word {
			t.Errorf("%q is quoted %s, which a shell reads as %q, %v", word, Quote(word), out, err)
		}
	}
	if got := Quote("fgraph/return:mainline@591"); got != "fgraph/return:mainline@591" {
		t.Errorf("a point is quoted: %s", got)
	}
}
