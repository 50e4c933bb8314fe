// SPDX-License-Identifier: GPL-2.0-only

package sweep

import (
	"testing"

	"stacksweep/sweep/verdict"
	"stacksweep/unwind"
)

func TestJudge(t *testing.T) {
	h := &history{}
	outer := h.push(node{addr: 4, parent: noNode})
	top := h.push(node{addr: 3, parent: outer})
	const hook = 99
	tr := &truth{h, hooks{hook}}
	for _, tt := range []struct {
		name   string
		front  []uint64
		frames []uint64
		want   verdict.Verdict
	}{
		{"equal", []uint64{1, 2}, []uint64{1, 2, 3, 4}, verdict.Exact},
		{"hook in front is no frame", []uint64{1, hook}, []uint64{1, 3, 4}, verdict.Exact},
		{"hook listed", []uint64{1, hook}, []uint64{1, hook, 3, 4}, verdict.Ghost},
		{"one more", []uint64{1, 2}, []uint64{1, 2, 3, 3, 4}, verdict.Ghost},
		{"one more at the end", []uint64{1, 2}, []uint64{1, 2, 3, 4, 5}, verdict.Ghost},
		{"one missing", []uint64{1, 2}, []uint64{1, 2, 4}, verdict.Omitted},
		{"last missing", []uint64{1, 2}, []uint64{1, 2, 3}, verdict.Omitted},
		{"first missing", []uint64{1, 2}, []uint64{2, 3, 4}, verdict.Omitted},
		{"nothing", []uint64{1, 2}, nil, verdict.Omitted},
		{"swapped", []uint64{1, 2}, []uint64{1, 3, 2, 4}, verdict.Wrong},
		{"foreign instead of one", []uint64{1, 2}, []uint64{1, 2, 7, 4}, verdict.Wrong},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := trueStack{truth: tr, top: top}
			for _, a := range tt.front {
				s.put(a)
			}
			trace := unwind.Trace{Reliable: true}
			for _, a := range tt.frames {
				trace.Add(unwind.Frame{PC: a})
			}
			var scratch []uint64
			if got := s.judge(&trace, &scratch); got != tt.want {
				t.Errorf("reliable: got %v, want %v", got, tt.want)
			}
			trace.Reliable = false
			if got := s.judge(&trace, &scratch); got != verdict.Refused {
				t.Errorf("unreliable: got %v, want refused", got)
			}
		})
	}
}
