// SPDX-License-Identifier: GPL-2.0-only

package truth

import (
	"math"
	"slices"

	"stacksweep/emu"
)

// A foresight tells at which of some addresses a return or a jump arrives first after a transfer, with the SP and X29
// of that: the first such address's index, or -1 if there is no such arrival.
type foresight func(t *Transfer, addrs []uint64) int

// arrival is an arrival of a jump or a return somewhere.
type arrival struct {
	step   uint32
	sp, fp uint64
}

// isArrival reports whether a transfer is one that [foresight] looks for.
func (t *Transfer) isArrival() bool { return t.Kind == emu.Return || t.Kind == emu.Jump }

// foresight knows all of a log. It looks through the log when it is asked first.
func (l Log) foresight() foresight {
	var arrivals map[uint64][]arrival
	return func(t *Transfer, addrs []uint64) int {
		if arrivals == nil {
			arrivals = l.arrivals()
		}
		at, first := -1, uint32(math.MaxUint32)
		for n, addr := range addrs {
			all := arrivals[addr]
			later, _ := slices.BinarySearchFunc(all, t.Step+1, func(a arrival, step uint32) int {
				return int(a.step) - int(step)
			})
			for _, a := range all[later:] {
				if a.sp == t.SP && a.fp == t.FP {
					if a.step < first {
						at, first = n, a.step
					}
					break
				}
			}
		}
		return at
	}
}

// arrivals lists the arrivals of a log by address, in the order of steps.
func (l Log) arrivals() map[uint64][]arrival {
	all := map[uint64][]arrival{}
	for t := range l.Forwards() {
		if t.isArrival() {
			all[t.To] = append(all[t.To], arrival{t.Step, t.SP, t.FP})
		}
	}
	return all
}
