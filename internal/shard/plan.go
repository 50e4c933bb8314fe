// SPDX-License-Identifier: GPL-2.0-only

package shard

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"stacksweep/sweep"
	"stacksweep/sweep/verdict"
)

// A Shard is one of Of shards: the Index-th, from 1. The zero value is the whole sweep.
type Shard struct{ Index, Of int }

// Parse reads i/n.
func Parse(text string) (Shard, error) {
	i, n, ok := strings.Cut(text, "/")
	index, err1 := strconv.Atoi(i)
	of, err2 := strconv.Atoi(n)
	if !ok || err1 != nil || err2 != nil || index < 1 || index > of || of > mostShards {
		return Shard{}, fmt.Errorf("%q is not i/n, such as 3/16, with i from 1 to n and n up to %d", text, mostShards)
	}
	return Shard{index, of}, nil
}

const mostShards = 1 << 12

func (s Shard) String() string { return fmt.Sprintf("%d/%d", s.Index, s.Of) }

// A Unit is a slice of a target: indices from 0.
type Unit struct{ Target, Slice int }

// slicesOf is how many slices each target has. Every shard has several of each target, so that what a function costs is
// shared by all; and a sweep of pairs, which may take hours for one target, loses little when it is killed.
func slicesOf(s Shard, modes []verdict.Mode) int {
	n := 4 * max(1, s.Of)
	if slices.Contains(modes, verdict.Pairs) {
		n = max(n, 64)
	}
	return n
}

// mine reports whether a unit belongs to a shard. Slices that are neighbours belong to different shards, and each
// target begins with another one.
func (s Shard) mine(u Unit) bool {
	return s.Of <= 1 || (u.Target+u.Slice)%s.Of == s.Index-1
}

// slice is a unit's slice.
func (h *Header) slice(u Unit) sweep.Slice { return sweep.Slice{Index: u.Slice, Of: h.Slices} }

// units lists the units of the header's shard, in the order in which they are done.
func (h *Header) units() (all []Unit) {
	for t := range h.Targets {
		for k := range h.Slices {
			if u := (Unit{t, k}); h.Shard.mine(u) {
				all = append(all, u)
			}
		}
	}
	return all
}
