// SPDX-License-Identifier: GPL-2.0-only

package kunwind

import (
	"testing"

	"stacksweep/unwind"
)

// evenTable has a row for every second instruction, that tells its PC, and counts the searches.
type evenTable struct{ searches int }

func (t *evenTable) Row(pc uint64) (unwind.Row, unwind.Failure) {
	t.searches++
	if pc%8 != 0 {
		return unwind.Row{}, unwind.Failure{Reason: unwind.NoTable, Addr: pc}
	}
	return unwind.Row{CFA: int64(pc)}, unwind.Failure{}
}

// A row that is remembered is that of the PC, of those too that share a line; a PC without a row is remembered as well.
func TestRowsAreRemembered(t *testing.T) {
	table := &evenTable{}
	w := New(Profile{AtException: SFrame}, &unwind.Layout{SFrame: table})
	const shared = 4 * cacheLines
	for range 2 {
		for pc := uint64(0); pc < 3*shared; pc += 4 {
			row, failure := w.lookup(pc)
			if want, reason := table.Row(pc); row != want || failure != reason {
				t.Fatalf("%#x: %+v, %v; want %+v, %v", pc, row, failure, want, reason)
			}
		}
	}
	table.searches = 0
	for range 100 {
		w.lookup(0x1000)
		w.lookup(0x1004)
	}
	if table.searches > 2 {
		t.Errorf("two rows were searched %d times", table.searches)
	}
}

// What a walker remembers is of its own kernel, even where another one's has been.
func TestRowsOfWalkersThatWereClosed(t *testing.T) {
	for n := range int64(10) {
		w := New(Profile{AtException: SFrame}, &unwind.Layout{SFrame: constantTable(n)})
		if row, _ := w.lookup(0x1000); row.CFA != n {
			t.Fatalf("walker %d finds the row of walker %d", n, row.CFA)
		}
		w.Close()
		if row, _ := w.lookup(0x1000); row.CFA != n {
			t.Fatalf("walker %d finds the row of walker %d after Close", n, row.CFA)
		}
		w.Close()
	}
}

// constantTable has the same row for all instructions.
type constantTable int64

func (t constantTable) Row(uint64) (unwind.Row, unwind.Failure) {
	return unwind.Row{CFA: int64(t)}, unwind.Failure{}
}

// BenchmarkLookup measures a look-up that finds its row remembered.
func BenchmarkLookup(b *testing.B) {
	w := New(Profile{AtException: SFrame}, &unwind.Layout{SFrame: &evenTable{}})
	pc := uint64(0)
	for b.Loop() {
		w.lookup(pc % 0x400)
		pc += 4
	}
}
