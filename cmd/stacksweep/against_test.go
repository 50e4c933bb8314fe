// SPDX-License-Identifier: GPL-2.0-only

package main

import (
	"errors"
	"strings"
	"testing"

	"stacksweep/image"
	"stacksweep/sweep/verdict"
)

// The same instruction under a trampoline and elsewhere are two places; what one side alone has executed is none.
func TestAgainst(t *testing.T) {
	symbols := image.NewSymbols([]image.Symbol{
		{Name: "return_to_handler", Addr: 0x1000, Size: 0x100, Kind: image.Func},
		{Name: "helper", Addr: 0x2000, Size: 0x100, Kind: image.Func},
	}, []image.Segment{{Addr: 0x1000, Size: 0x2000, Perm: image.Exec}})
	under := place{verdict.Sync, "w", "helper", 4, insideOf(symbols, []uint64{0x2004, 0x1020, 0x3000})}
	elsewhere := place{verdict.Sync, "w", "helper", 4, insideOf(symbols, []uint64{0x2004, 0x3000})}
	if under.inside != "return_to_handler" || elsewhere.inside != "" {
		t.Fatalf("%q and %q", under.inside, elsewhere.inside)
	}
	one := map[place]verdicts{under: {verdict.Omitted: "a@1"}, elsewhere: {verdict.Exact: "a@2"}}
	for name, tt := range map[string]struct {
		other map[place]verdicts
		want  error
		shown string
	}{
		"same": {map[place]verdicts{under: {verdict.Omitted: "b@1"}}, nil,
			"1 places that both have executed: the same verdicts at 1"},
		"different": {map[place]verdicts{under: {verdict.Exact: "b@1"}, elsewhere: {verdict.Exact: "b@2"}},
			errUnexpected,
			"helper+0x4 in return_to_handler  omitted  exact   a@1 b@1"},
		"nothing": {map[place]verdicts{}, errNothing, "0 places"},
	} {
		var out strings.Builder
		if err := printAgainst(&out, "a", "b", one, tt.other); !errors.Is(err, tt.want) ||
			!strings.Contains(out.String(), tt.shown) {
			t.Errorf("%s: %v\n%s", name, err, out.String())
		}
	}
}
