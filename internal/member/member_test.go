// SPDX-License-Identifier: GPL-2.0-only

package member

import (
	"errors"
	"testing"
)

// of lists members.
func of(members ...Member) Fields {
	return func(visit func(Member) bool) {
		for _, m := range members {
			if !visit(m) {
				return
			}
		}
	}
}

func TestOffset(t *testing.T) {
	regs := of(Member{Name: "fp", Bits: 64}, Member{Name: "sp", Bits: 128})
	task := of(
		Member{Name: "state"},
		Member{Bits: 64,
			Fields: of(Member{Name: "flags", Bits: 32}, Member{Bits: 64, Fields: of(Member{Name: "deep", Bits: 8})})},
		Member{Name: "regs", Bits: 320, Fields: regs},
		Member{Name: "bit", Bits: 705},
	)
	for _, tt := range []struct {
		path string
		want uint64
		err  string
	}{
		{"state", 0, ""},
		{"flags", 12, ""},
		{"deep", 17, ""},
		{"regs.sp", 56, ""},
		{"regs", 40, ""},
		{"regs.lr", 0, "no such member regs.lr"},
		{"state.x", 0, "no such member state.x"},
		{"", 0, "no such member "},
		{"regs.", 0, "no such member regs."},
		{"bit", 0, "member bit is a bit field"},
	} {
		got, err := Offset(task, tt.path)
		text := ""
		if err != nil {
			text = err.Error()
		}
		if got != tt.want || text != tt.err || err != nil && tt.path != "bit" && !errors.Is(err, ErrNoMember) {
			t.Errorf("%q: got %d, %v; want %d, %s", tt.path, got, err, tt.want, tt.err)
		}
	}
}

// Anonymous members that contain each other without end are given up.
func TestEndless(t *testing.T) {
	var endless Fields
	endless = func(visit func(Member) bool) { visit(Member{Fields: endless}) }
	if _, err := Offset(endless, "x"); !errors.Is(err, ErrNoMember) {
		t.Errorf("got %v", err)
	}
}
