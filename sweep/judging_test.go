// SPDX-License-Identifier: GPL-2.0-only

package sweep

import (
	"testing"

	"stacksweep/emu"
	"stacksweep/sweep/truth"
	"stacksweep/sweep/verdict"
	"stacksweep/unwind"
)

func TestJudge(t *testing.T) {
	const hook = 99
	log := truth.Log{{ // a call that returns to 4, and an exception that returns to 3
		{Step: 0, Kind: emu.Call, From: 0, To: 0x100},
		{Step: 1, Kind: emu.Exception, From: 3, To: 0x200},
		{Step: 2, Kind: emu.ExceptionReturn, From: 0x200, To: 3},
		{Step: 3, Kind: emu.Return, From: 0x100, To: 4},
	}}
	found, err := truth.Find(log, truth.Facts{Hooks: []uint64{hook}}, nil)
	if err != nil {
		t.Fatal(err)
	}
	cursor := found.Cursor()
	cursor.Seek(2)
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
			s := cursor.Stack()
			for _, a := range tt.front {
				s.Push(a)
			}
			trace := unwind.Trace{Reliable: true}
			for _, a := range tt.frames {
				trace.Add(unwind.Frame{PC: a})
			}
			if got := verdictOf(&s, &trace); got != tt.want {
				t.Errorf("reliable: got %v, want %v", got, tt.want)
			}
			trace.Reliable = false
			if got := verdictOf(&s, &trace); got != verdict.Refused {
				t.Errorf("unreliable: got %v, want refused", got)
			}
			trace.Failure.Reason = unwind.NotRun
			if got := verdictOf(&s, &trace); got != verdict.Fault {
				t.Errorf("an unwinder that could not be run: got %v, want fault", got)
			}
			if what := difference(&trace, &trace, true); what == "" {
				t.Error("two unwinders that could not be run agree")
			}
		})
	}
}
