// SPDX-License-Identifier: GPL-2.0-only

package parallel

import (
	"sync/atomic"
	"testing"

	"pgregory.net/rapid"
)

// Every part is done once, whatever the numbers are, and by no more workers than are allowed.
func TestEach(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		jobs, n := rapid.IntRange(-1, 5).Draw(t, "jobs"), rapid.IntRange(0, 50).Draw(t, "n")
		batch := rapid.IntRange(1, 60).Draw(t, "batch")
		done := make([]int, n)
		var workers atomic.Int32
		Each(jobs, n, batch, func() func(int) {
			workers.Add(1)
			return func(i int) { done[i]++ }
		})
		for i, times := range done {
			if times != 1 {
				t.Fatalf("part %d was done %d times", i, times)
			}
		}
		if got := int(workers.Load()); got > max(1, jobs) {
			t.Fatalf("%d workers, of %d at most", got, jobs)
		}
	})
}
