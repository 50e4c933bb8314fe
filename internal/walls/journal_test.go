// SPDX-License-Identifier: GPL-2.0-only

package walls

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

// What a child says last may be cut off anywhere, and several parts of a target may be under way.
func TestJournal(t *testing.T) {
	for _, tt := range []struct {
		text string
		want journal
	}{
		{"", journal{}},
		{"begin b\nbegin a\nend b\n", journal{flying: []string{"a"}}},
		{"begin b\nbegin a\nend", journal{flying: []string{"a", "b"}}},
		{"begin a\nbegin a\nend a\n", journal{flying: []string{"a"}}},
		{"begin a\nend a\nbegin a:x y\nfile /tmp/.x\nlimit the time\n",
			journal{flying: []string{"a:x y"}, files: []string{"/tmp/.x"}, limit: "the time"}},
		{"end a\nexit 3\n", journal{exited: true, status: 3}},
		{"exit 13", journal{}},
		{"exit x\n", journal{}},
	} {
		got := parseJournal(tt.text)
		if len(got.flying) == 0 {
			got.flying = nil
		}
		if diff := cmp.Diff(tt.want, got, cmp.AllowUnexported(journal{})); diff != "" {
			t.Errorf("%q: %s", tt.text, diff)
		}
	}
}
