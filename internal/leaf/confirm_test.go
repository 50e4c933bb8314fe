// SPDX-License-Identifier: GPL-2.0-only

package leaf

import (
	"strings"
	"testing"

	"stacksweep/scenarios"
	"stacksweep/scenarios/corpus"
	"stacksweep/sweep/verdict"
	"stacksweep/unwind/flow"
)

// analyzed returns the classes of functions of the corpus, by address.
func analyzed(t *testing.T, names ...string) []*flow.Function {
	t.Helper()
	im := corpus.Image()
	var functions []*flow.Function
	for s := range im.Symbols.All() {
		for _, name := range names {
			if s.Name != name {
				continue
			}
			code, ok := im.Bytes(s.Addr, s.Size)
			if !ok {
				t.Fatalf("no code of %s", name)
			}
			functions = append(functions, flow.Analyze(code, s.Addr))
		}
	}
	if len(functions) != len(names) {
		t.Fatalf("%d of the functions %v", len(functions), names)
	}
	return functions
}

// A class that is right is confirmed at every instruction; one that isn't is contradicted at the first that shows it.
func TestConfirm(t *testing.T) {
	for _, tt := range []struct {
		scenario, function string
		right              flow.Class
		wrong              flow.Class
		against            string // the wrong class
	}{
		{"leaf/strlen", "strlen_bare", flow.Leaf, 0, ""},
		{"leaf/aes_ctr", "aes_ctr_right", flow.Framed, flow.Leaf, "+0x4 SP is not the caller's"},
		{"leaf/aes_ctr", "aes_ctr_right", flow.Framed, flow.LeafMovingSP, "X29 is not the caller's"},
		{"leaf/ghash", "ghash_wrong", flow.Framed, flow.Leaf, "+0x4 SP is not the caller's"},
		{"stale/after_call", "after_call_bare", flow.Other, flow.Framed,
			"X30 is not the return address, and X29 points to no frame record"},
	} {
		s, ok := corpus.All().Find(tt.scenario)
		if !ok {
			t.Fatalf("no scenario %s", tt.scenario)
		}
		functions := analyzed(t, tt.function)
		f := functions[0]
		if f.Class.Class != tt.right {
			t.Errorf("%s is %v, want %v", tt.function, f.Class.Class, tt.right)
		}
		confirm := func() Confirmation {
			found, err := Confirm(t.Context(), verdict.Targets([]*scenarios.Scenario{s}), functions,
				scenarios.Options{})
			if err != nil {
				t.Fatal(err)
			}
			return found[0]
		}
		if c := confirm(); c.Against != "" || (c.Instructions >= 10) != (tt.right != flow.Other) {
			t.Errorf("%s as %v: %+v", tt.function, tt.right, c)
		}
		if f.Class.Class = tt.wrong; tt.wrong != 0 {
			if c := confirm(); !strings.Contains(c.Against, tt.against) {
				t.Errorf("%s as %v: %+v, want %q", tt.function, tt.wrong, c, tt.against)
			}
		}
	}
}

// What is not called is neither confirmed nor contradicted.
func TestConfirmNothing(t *testing.T) {
	s, _ := corpus.All().Find("leaf/strlen")
	found, err := Confirm(t.Context(), verdict.Targets([]*scenarios.Scenario{s}), analyzed(t, "memcpy_bare"),
		scenarios.Options{})
	if err != nil || found[0] != (Confirmation{}) {
		t.Errorf("%+v, %v", found, err)
	}
}
