// SPDX-License-Identifier: GPL-2.0-only

package external

import (
	"encoding/json"
	"testing"

	"github.com/google/go-cmp/cmp"

	"stacksweep/internal/blind"
)

// FuzzAnswer holds that a refused answer says nothing, and that an accepted one is what it says: encoded again it is
// read as the same.
func FuzzAnswer(f *testing.F) {
	f.Add([]byte(`{"id":1,"frames":["0xffff800080010000","0x0"],"reliable":true}`))
	f.Add([]byte(`{"id":1,"frames":[],"error":"no idea"}`))
	f.Add([]byte(`{"id":1,"frames":["0X1"]}`))
	f.Add([]byte(`{"id":2}`))
	blind.Fuzz(f, func(t *testing.T, line []byte) {
		a, err := decodeAnswer(line, 1)
		if err != nil {
			if d := cmp.Diff(Answer{}, a); d != "" {
				t.Fatalf("an answer in spite of %v:\n%s", err, d)
			}
			return
		}
		if a.Reliable == (a.Error != "") {
			t.Fatalf("reliable %v, error %q", a.Reliable, a.Error)
		}
		text, err := json.Marshal(a)
		if err != nil {
			t.Fatal(err)
		}
		again, err := decodeAnswer(text, 1)
		if d := cmp.Diff(a, again); d != "" || err != nil {
			t.Fatalf("%v (-first +again):\n%s", err, d)
		}
	})
}

// FuzzWelcome: as FuzzAnswer.
func FuzzWelcome(f *testing.F) {
	f.Add([]byte(`{"type":"hello","protocol":"stacksweep-walker","version":1,"name":"gdb 13.1","keeps_memory":true}`))
	f.Add([]byte(`{"type":"hello","protocol":"stacksweep-walker","version":2}`))
	blind.Fuzz(f, func(t *testing.T, line []byte) {
		w, err := decodeWelcome(line)
		want := Welcome{}
		if err == nil {
			want = Welcome{"hello", Protocol, Version, w.Name, w.KeepsMemory}
		}
		if d := cmp.Diff(want, w); d != "" {
			t.Fatalf("%v (-want +got):\n%s", err, d)
		}
	})
}
