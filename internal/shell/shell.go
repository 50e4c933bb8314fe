// SPDX-License-Identifier: GPL-2.0-only

// Package shell writes words so that a POSIX shell reads them as they are.
package shell

import "strings"

// Quote returns a word, in quotes if a shell would read something else otherwise.
func Quote(s string) string {
	unquoted := func(r rune) bool {
		return r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' ||
			strings.ContainsRune("_-+./:,@%=", r)
	}
	if s != "" && strings.TrimFunc(s, unquoted) == "" {
		return s
	}
	return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'"
}
