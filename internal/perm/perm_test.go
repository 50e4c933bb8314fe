// SPDX-License-Identifier: GPL-2.0-only

package perm

import "testing"

func TestString(t *testing.T) {
	for p, want := range map[Perm]string{0: "---", Read: "r--", Read | Exec: "r-x", Read | Write | Exec: "rwx"} {
		if got := p.String(); got != want {
			t.Errorf("%d is %s, want %s", p, got, want)
		}
	}
}
