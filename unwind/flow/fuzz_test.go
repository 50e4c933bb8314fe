// SPDX-License-Identifier: GPL-2.0-only

package flow

import (
	"encoding/binary"
	"math/rand/v2"
	"reflect"
	"testing"

	"github.com/google/go-cmp/cmp"

	"stacksweep/internal/blind"
)

// FuzzAnalyze: any words are interpreted in bounded time, the rows tile the function, and the same words twice give the
// same, whatever was interpreted in between.
func FuzzAnalyze(f *testing.F) {
	r := rand.New(rand.NewPCG(1, 2))
	for range 20 {
		code := make([]byte, 4*r.IntN(100))
		for i := 0; i+4 <= len(code); i += 4 {
			binary.LittleEndian.PutUint32(code[i:], r.Uint32())
		}
		f.Add(code, uint16(r.IntN(400)))
	}
	blind.Fuzz(f, func(t *testing.T, code []byte, entry uint16) {
		const addr = 0xffff800080000000
		if len(code) > 1<<16 {
			return
		}
		got := Analyze(code, addr, addr+uint64(entry))
		at := uint32(0)
		for i, r := range got.Rows {
			if i == 0 && r.Start != 0 || i > 0 && r.Start <= at || r.Start%4 != 0 || r.Start >= got.Size {
				t.Fatalf("row %d of %d starts at %#x of %#x", i, len(got.Rows), r.Start, got.Size)
			}
			at = r.Start
		}
		if got.Size != uint32(len(code)/4*4) || got.Size > 0 && len(got.Rows) == 0 {
			t.Fatalf("size %d, %d rows of %d bytes", got.Size, len(got.Rows), len(code))
		}
		for _, j := range got.Compare(nil, 0, got.Size, AnnotatedLeaf) {
			if j.From >= j.To || j.To > got.Size {
				t.Fatalf("judgement %+v of a function of %d bytes", j, got.Size)
			}
		}
		var a analyzer
		a.analyze(code[:len(code)/2], addr, seedsAt(addr, nil))
		again := a.analyze(code, addr, seedsAt(addr, []uint64{addr + uint64(entry)}))
		if !reflect.DeepEqual(got, again) {
			t.Fatalf("differs the second time:\n%s", cmp.Diff(got, again, cmp.AllowUnexported(Function{})))
		}
	})
}
