// SPDX-License-Identifier: GPL-2.0-only

package report

import (
	"strings"
	"testing"

	"stacksweep/sweep/verdict"
)

// Why exceptions were overlaid rather than taken is said, for each reason, of the sweep and with -v of each target.
func TestUntakenAreTold(t *testing.T) {
	const stack, entry = "36 exceptions where SP is on no stack", "1 exception for walkers of kernels whose"
	for _, tt := range []struct {
		untaken, noEntry int
		want             []string
	}{
		{0, 0, nil},
		{36, 0, []string{stack}},
		{0, 1, []string{entry}},
		{36, 1, []string{stack, entry}},
	} {
		for _, detail := range []Detail{Brief, Full} {
			var b strings.Builder
			text := NewText(&b, nil, []verdict.Mode{verdict.IRQ})
			text.Detail = detail
			r := example(t)
			r.Windows, r.Untaken, r.NoEntry = nil, tt.untaken, tt.noEntry
			if err := text.Result(r); err != nil {
				t.Fatal(err)
			}
			if err := text.Close(nil, nil); err != nil {
				t.Fatal(err)
			}
			if n := strings.Count(b.String(), "overlaid instead of taken: "); n != len(tt.want) {
				t.Errorf("%+v: %d lines in\n%s", tt, n, b.String())
			}
			for _, want := range tt.want {
				if !strings.Contains(b.String(), "overlaid instead of taken: "+want) {
					t.Errorf("%+v: no %q in\n%s", tt, want, b.String())
				}
			}
		}
	}
}
