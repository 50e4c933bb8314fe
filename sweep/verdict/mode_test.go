// SPDX-License-Identifier: GPL-2.0-only

package verdict

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestParseModes(t *testing.T) {
	for list, want := range map[string][]Mode{
		"irq":           {IRQ},
		"nmi,sync":      {NMI, Sync},
		"all":           {Sync, Blocked, IRQ, NMI},
		"all,pairs":     AllModes(),
		"irq,irq":       {IRQ},
		"irq,all,pairs": {IRQ, Sync, Blocked, NMI, Pairs},
	} {
		got, err := ParseModes(list)
		if err != nil {
			t.Errorf("%s: %v", list, err)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", list, diff)
		}
	}
	for _, list := range []string{"", "IRQ", "irq,", "all,some"} {
		if got, err := ParseModes(list); err == nil {
			t.Errorf("%q: got %v, want an error", list, got)
		}
	}
}
