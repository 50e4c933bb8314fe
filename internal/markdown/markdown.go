// SPDX-License-Identifier: GPL-2.0-only

// Package markdown writes text that comes from elsewhere, such as names in a file, so that GitHub's Markdown shows it
// unchanged, in the cell of a table, too, and nothing in it is taken for markup.
package markdown

import "strings"

var plain = strings.NewReplacer(`\`, `\\`, "`", "\\`", "*", `\*`, "_", `\_`, "|", `\|`, "<", "&lt;", ">", "&gt;",
	"&", "&amp;", "[", `\[`, "]", `\]`, "#", `\#`, "@", "&#64;", "\r", " ", "\n", " ")

// Text is a text with everything escaped that would be markup, or a mention of somebody. Ends of lines become blanks.
func Text(s string) string { return plain.Replace(s) }

// Code is a text as a code span. Ends of lines become blanks; a | is escaped, which is right in a table only.
//
// GitHub Flavored Markdown Spec, 6.3 Code spans: a span ends at as many backticks as it begins with, and one blank is
// taken off both ends; 4.10 Tables: a | is escaped in a code span, too.
func Code(s string) string {
	s = strings.NewReplacer("\r", " ", "\n", " ", "|", `\|`).Replace(s)
	fence, run := 1, 0
	for _, r := range s {
		if run++; r != '`' {
			run = 0
		}
		fence = max(fence, run+1)
	}
	ticks, pad := strings.Repeat("`", fence), ""
	if strings.HasPrefix(s, "`") || strings.HasSuffix(s, "`") {
		pad = " "
	}
	return ticks + pad + s + pad + ticks
}
