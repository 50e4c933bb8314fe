// SPDX-License-Identifier: GPL-2.0-only

package kunwind

import (
	"slices"
	"sync"
)

// A suffix is a frame, as a walk has come to it, with all frames further out and how the walk ended. Those that are
// alike are one, so that walks whose suffix has the same name have the same outer frames.
type suffix struct {
	entry
	words []uint64 // off the stacks, that the step from here has read
	end   outcome
	name  uint64

	newest *suffix // of those that are longer by a frame
	older  *suffix // the next of those that are longer by a frame than what this one adds to
}

// suffixes are all that a trail has come across lately.
type suffixes struct {
	running, switchedOut suffix // of no frame: what the outermost frames of a task add to
	slabs                []*slab
	used                 int    // suffixes of slabs
	named                uint64 // names given
}

// A slab is room for some suffixes.
type slab [slabSize]suffix

// spareSlabs are those of walkers that were closed.
var spareSlabs = sync.Pool{New: func() any { return new(slab) }}

const (
	slabSize    = 32
	maxSuffixes = 2048
	maxOlder    = 16 // how many suffixes are compared with a new one
)

func (all *suffixes) isFull() bool { return all.used >= maxSuffixes }

// empty forgets all suffixes. Their names are not given again.
func (all *suffixes) empty() { all.used, all.running.newest, all.switchedOut.newest = 0, nil, nil }

// free gives the memory to other walkers.
func (all *suffixes) free() {
	for _, s := range all.slabs {
		spareSlabs.Put(s)
	}
	all.slabs = nil
	all.empty()
}

// suffix returns the suffix that adds a frame to an outer one.
func (all *suffixes) suffix(outer *suffix, e *entry, words []uint64, end *outcome) *suffix {
	s := outer.newest
	for n := 0; s != nil && n < maxOlder; n++ {
		if s.state.pc == e.state.pc && s.own == e.own && s.state == e.state && s.end == *end &&
			slices.Equal(s.words, words) {
			return s
		}
		s = s.older
	}
	if all.used == len(all.slabs)*slabSize {
		all.slabs = append(all.slabs, spareSlabs.Get().(*slab))
	}
	s = &all.slabs[all.used/slabSize][all.used%slabSize]
	all.used++
	all.named++
	*s = suffix{entry: *e, words: append(s.words[:0], words...), end: *end, name: all.named, older: outer.newest}
	outer.newest = s
	return s
}
