// SPDX-License-Identifier: GPL-2.0-only

package sweep

import (
	"strings"
	"testing"

	"stacksweep/sweep/verdict"
)

// What is expected of a model is expected of the unwinder that it describes, in kernels that have the trait, and of a
// recording what is expected of the scenario that was recorded.
func TestExpected(t *testing.T) {
	all, err := verdict.ParseExpectations("x", strings.NewReader(`
kernel/*/a(young)  *  irq  sframe-v6  f  omitted  known of the model
kernel/*/a         *  irq  image      g  omitted  known of the executed one
`))
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		walker, model, trait, scenario, origin string
		want                                   int
	}{
		{"sframe-v6", "v6.17", "young", "kernel/x/a", "", 1},
		{"image", "sframe-v6", "young", "kernel/x/a", "", 2},
		{"model", "sframe-v6", "young", "kernel/x/a", "", 1},
		{"image", "sframe-v6", "old", "kernel/x/a", "", 1},
		{"image", "v6.17", "young", "kernel/x/a", "", 1},
		{"image", "", "young", "kernel/x/a", "", 1},
		{"fp", "sframe-v6", "young", "kernel/x/a", "", 0},
		{"image", "sframe-v6", "young", "live/x/a", "kernel/x/a", 2},
		{"image", "sframe-v6", "young", "live/x/a", "", 0},
	} {
		s := &Subject{Traits: []string{tt.trait}, Model: tt.model, Origin: tt.origin}
		k := verdict.Key{Scenario: tt.scenario, Variant: "v", Walker: tt.walker, Mode: verdict.IRQ}
		if got := s.Expected(k, all); len(got) != tt.want {
			t.Errorf("%+v: %d lines, want %d", tt, len(got), tt.want)
		}
	}
}
