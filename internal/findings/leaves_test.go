// SPDX-License-Identifier: GPL-2.0-only

package findings

import (
	"testing"

	"stacksweep/emu"
	"stacksweep/image"
	"stacksweep/sweep"
	"stacksweep/sweep/verdict"
)

// The outcome of a leaf is what the windows say of the instructions that were executed.
func TestOutcome(t *testing.T) {
	segments := []image.Segment{{Addr: 0x1000, Data: make([]byte, 16), Size: 16, Perm: image.Read | image.Exec}}
	im := &image.Image{Segments: segments,
		Symbols: image.NewSymbols([]image.Symbol{{Name: "leaf", Addr: 0x1000, Size: 16, Kind: image.Func}}, segments)}
	refused := func(from, to uint64) sweep.Window {
		return sweep.Window{Key: verdict.Key{Walker: "sframe", Mode: verdict.IRQ}, Symbol: "leaf", From: from, To: to,
			Verdict: verdict.Refused}
	}
	other := refused(0, 12)
	other.Walker = "v6.17"
	for _, tt := range []struct {
		name     string
		executed []uint64
		windows  []sweep.Window
		want     string
	}{
		{"never", nil, nil, "never executed"},
		{"exact", []uint64{0x1000, 0x1004}, []sweep.Window{other}, "exact at every instruction"},
		{"all", []uint64{0x1000, 0x1004, 0x1008, 0x100c}, []sweep.Window{refused(0, 12)},
			"refused at every instruction"},
		{"all that ran", []uint64{0x1000, 0x100c}, []sweep.Window{refused(0, 0), refused(12, 12)},
			"refused at every instruction"},
		{"some", []uint64{0x1000, 0x1004, 0x1008, 0x100c}, []sweep.Window{refused(4, 12)}, "refused at `+0x4..0xc`"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var visited emu.Visited
			visited.Add(tt.executed)
			if got := outcome(&sweep.RunResult{Subject: &sweep.Subject{Image: im}, Visited: &visited,
				Windows: tt.windows}, "leaf"); got != tt.want {
				t.Errorf("outcome %q, want %q", got, tt.want)
			}
		})
	}
}
