// SPDX-License-Identifier: GPL-2.0-only

package markdown

import "testing"

// What GitHub shows of these is checked by deploy/check, which renders them.
func TestCode(t *testing.T) {
	for text, want := range map[string]string{
		"f+0x8":      "`f+0x8`",
		"a`b":        "``a`b``",
		"``":         "``` `` ```",
		"`a":         "`` `a ``",
		"a\nb\r|c":   "`a b \\|c`",
		"a``b`":      "``` a``b` ```",
		"<b>*_[x]#@": "`<b>*_[x]#@`",
	} {
		if got := Code(text); got != want {
			t.Errorf("%q becomes %s, want %s", text, got, want)
		}
	}
}

func TestText(t *testing.T) {
	const text, want = "a_b*c|d<e>\n`f`[g](h)#1 @i &amp; \\",
		"a\\_b\\*c\\|d&lt;e&gt; \\`f\\`\\[g\\](h)\\#1 &#64;i &amp;amp; \\\\"
	if got := Text(text); got != want {
		t.Errorf("%q becomes %s, want %s", text, got, want)
	}
}
