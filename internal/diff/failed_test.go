// SPDX-License-Identifier: GPL-2.0-only

package diff

import (
	"bytes"
	"errors"
	"strings"
	"testing"
)

// A target that can't be swept any more is worse than anything that a walk may do, and one that couldn't be before is
// no better. A report without its end is one of a sweep that was interrupted.
func TestFailedTargets(t *testing.T) {
	const failed = `{"type":"failed","scenario":"a","variant":"x","error":"engine died"}` + "\n"
	fine, other := report(t, "a:x", "f "+framed), report(t, "b:x", "f "+framed)
	for _, c := range []struct {
		name, old, new, want string
		failed               bool
	}{
		{"now", fine, failed, "a:x: NOT SWEPT by the new run: engine died\n\ntargets: 1 different", true},
		{"before", failed, fine, "a:x: only in the new run, 0 unsound walks\n\ntargets: 0 different", false},
		{"ever", failed, failed, "a:x: not swept by the new run: engine died\n\ntargets: 0 different, 0", false},
		{"new", other, failed + other, "a:x: not swept by the new run: engine died\n\ntargets: 0", false},
		{"cut off", fine, `{"type":"sweep"}` + "\n" + fine, "A run was interrupted", false},
		{"complete", fine, `{"type":"sweep"}` + "\n" + fine + `{"type":"end"}`, "targets: 0 different, 1 the", false},
	} {
		r := Compare(read(t, c.old), read(t, c.new), Options{})
		var text, lines bytes.Buffer
		if err := errors.Join(r.Text(&text), r.JSONLines(&lines)); err != nil {
			t.Fatal(err)
		}
		if !strings.HasPrefix(text.String(), c.want) || r.Failed() != c.failed {
			t.Errorf("%s: failed: %v, want %v\n%s", c.name, r.Failed(), c.failed, &text)
		}
		if strings.Contains(lines.String(), `"fails":true`) != c.failed {
			t.Errorf("%s:\n%s", c.name, &lines)
		}
	}
}
