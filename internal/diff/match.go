// SPDX-License-Identifier: GPL-2.0-only

package diff

import (
	"cmp"
	"path"
	"regexp"
	"slices"
	"strings"
)

// A pair is a target in both runs; one side is nil if the other run doesn't have it.
type pair struct{ old, new *Target }

// pairTargets finds the targets that are to be compared: those of the same name; of the others, those of a scenario
// that differ in their variant, if there is one on each side; and then those of kernels that have the same name in
// different kernels, again if there is one on each side.
func pairTargets(old, newer *Run) (pairs []pair) {
	partner := map[*Target]*Target{}
	matched := map[*Target]bool{}
	for _, key := range []func(*Target) string{(*Target).Name, scenarioOf, withoutKernel} {
		left, right := lonely(old.Targets, key, func(t *Target) bool {
			return partner[t] != nil
		}), lonely(newer.Targets, key, func(t *Target) bool { return matched[t] })
		for k, o := range left {
			if n := right[k]; o != nil && n != nil {
				partner[o], matched[n] = n, true
			}
		}
	}
	for _, o := range old.Targets {
		pairs = append(pairs, pair{o, partner[o]})
	}
	for _, n := range newer.Targets {
		if !matched[n] {
			pairs = append(pairs, pair{nil, n})
		}
	}
	return pairs
}

func scenarioOf(t *Target) string { return t.Scenario }

// withoutKernel is the name of a target of a kernel without the kernel: "kernel/7.3/fgraph-return:plain" in any series.
func withoutKernel(t *Target) string {
	rest, ok := strings.CutPrefix(t.Scenario, "kernel/")
	if !ok {
		return ""
	}
	return path.Base(rest) + ":" + t.Variant
}

// lonely finds the targets that have a key for themselves; nil marks a key of several. Those without a key are left
// out.
func lonely(all []*Target, key func(*Target) string, done func(*Target) bool) map[string]*Target {
	found := map[string]*Target{}
	for _, t := range all {
		k := key(t)
		if k == "" || done(t) {
			continue
		}
		if _, several := found[k]; several {
			found[k] = nil
			continue
		}
		found[k] = t
	}
	return found
}

// A twin is a function in both targets of a pair; one side is nil if the other target doesn't have it.
type twin struct {
	old, new *Function
	// for each instruction of old, the same one in new, -1 if there is none; nil if they are different altogether
	to []int
}

// cloned finds what gcc and clang append to the name of a function that they have made another one of.
var cloned = regexp.MustCompile(`(\.(isra|constprop|part|cold|llvm)(\.[0-9]+)*)+$`)

func withoutClone(f *Function) string { return cloned.ReplaceAllString(f.Symbol, "") }

// matchFunctions pairs functions by name; of the others, those whose names differ only in what compilers append, if
// there is one on each side; then those that are alike enough, the likest first.
func matchFunctions(old, newer *Target) (twins []twin) {
	var lostOld, lostNew []*Function
	for i := range old.Functions {
		o := &old.Functions[i]
		if n := newer.find(o.Symbol); n != nil {
			twins = append(twins, twin{old: o, new: n})
		} else {
			lostOld = append(lostOld, o)
		}
	}
	for i := range newer.Functions {
		if n := &newer.Functions[i]; old.find(n.Symbol) == nil {
			lostNew = append(lostNew, n)
		}
	}
	twins = append(twins, matchClones(&lostOld, &lostNew)...)
	type candidate struct {
		twin
		likeness float64
	}
	var candidates []candidate
	for _, o := range lostOld {
		for _, n := range lostNew {
			if l := likeness(o.Code, n.Code); l >= enough {
				candidates = append(candidates, candidate{twin{old: o, new: n}, l})
			}
		}
	}
	slices.SortStableFunc(candidates, func(a, b candidate) int { return cmp.Compare(b.likeness, a.likeness) })
	used := map[*Function]bool{}
	for _, c := range candidates {
		if !used[c.old] && !used[c.new] {
			used[c.old], used[c.new] = true, true
			twins = append(twins, c.twin)
		}
	}
	for i := range twins {
		t := &twins[i]
		if t.to = align(t.old.Code, t.new.Code); likeness(t.old.Code, t.new.Code) < enough {
			t.to = nil // what they have in common is nothing but chance
		}
	}
	for _, o := range lostOld {
		if !used[o] {
			twins = append(twins, twin{old: o})
		}
	}
	for _, n := range lostNew {
		if !used[n] {
			twins = append(twins, twin{new: n})
		}
	}
	return twins
}

// matchClones takes functions out of both lists whose names are the same without what compilers append.
func matchClones(old, newer *[]*Function) (twins []twin) {
	for _, o := range *old {
		name := withoutClone(o)
		same := func(f *Function) bool { return withoutClone(f) == name }
		if i := slices.IndexFunc(*newer, same); i >= 0 && count(*old, same) == 1 && count(*newer, same) == 1 {
			twins = append(twins, twin{old: o, new: (*newer)[i]})
		}
	}
	for _, t := range twins {
		*newer = slices.DeleteFunc(*newer, func(f *Function) bool { return f == t.new })
		*old = slices.DeleteFunc(slices.Clone(*old), func(f *Function) bool { return f == t.old })
	}
	return twins
}

func count(all []*Function, is func(*Function) bool) (n int) {
	for _, f := range all {
		if is(f) {
			n++
		}
	}
	return n
}
