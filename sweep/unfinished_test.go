// SPDX-License-Identifier: GPL-2.0-only

package sweep

import (
	"errors"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"stacksweep/emu"
	"stacksweep/internal/testkit/runtest"
	"stacksweep/scenarios"
	"stacksweep/scenarios/corpus"
	"stacksweep/sweep/truth"
	"stacksweep/unwind"
)

// The truth of a run that is broken off, anywhere, is that of the whole run up to there, or a conflict where a jump has
// not shown yet that it is a call.
func TestUnfinishedRun(t *testing.T) {
	conflicts, compared := 0, 0
	for _, s := range corpus.All() {
		for _, v := range s.Variants {
			run := runtest.Build(t, s, v.Name, scenarios.Options{})
			recording := runtest.Record(t, run, emu.RunOptions{})
			log, facts := slices.Collect(truth.LogOf(recording).Forwards()), FactsOf(run)
			whole, err := truth.Find(truth.LogOf(recording), facts, nil)
			if err != nil {
				t.Fatal(err)
			}
			facts.Unfinished = true
			for n := 1; n < len(log); n += 1 + len(log)/40 {
				var cut []truth.Transfer
				for _, x := range log[:n] {
					cut = append(cut, *x)
				}
				part, err := truth.Find(truth.Log{cut}, facts, nil)
				var conflict *truth.Conflict
				if errors.As(err, &conflict) {
					conflicts++
					continue
				}
				if err != nil {
					t.Fatalf("%s:%s, %d of %d transfers: %v", s.Name, v.Name, n, len(log), err)
				}
				compared++
				for step := 0; step <= int(log[n-1].Step)+1; step++ {
					if step > 40 && step < int(log[n-1].Step)-40 {
						continue
					}
					a, b := whole.Cursor(), part.Cursor()
					a.Seek(step)
					b.Seek(step)
					x, y := a.Stack(), b.Stack()
					if have := y.Append(nil); x.Compare(framesOf(have)) != truth.Equal {
						t.Fatalf("%s:%s, %d of %d transfers, step %d (-whole +part):\n%s", s.Name, v.Name, n, len(log),
							step, cmp.Diff(x.Append(nil), have))
					}
					if have := x.Append(nil); y.Compare(framesOf(have)) != truth.Equal {
						t.Fatalf("%s:%s, %d of %d transfers, step %d: the part doesn't take the whole one's stack "+
							"(-whole +part):\n%s", s.Name, v.Name, n, len(log), step, cmp.Diff(have, y.Append(nil)))
					}
				}
			}
		}
	}
	if compared < 1000 || conflicts > compared/10 {
		t.Errorf("%d parts have a truth, %d are conflicts", compared, conflicts)
	}
}

// framesOf are the frames of a walk that has found some addresses.
func framesOf(addrs []uint64) (frames []unwind.Frame) {
	for _, a := range addrs {
		frames = append(frames, unwind.Frame{PC: a})
	}
	return frames
}
