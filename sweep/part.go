// SPDX-License-Identifier: GPL-2.0-only

package sweep

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync"

	"stacksweep/emu"
	"stacksweep/image"
	"stacksweep/scenarios"
	"stacksweep/sweep/verdict"
)

// A Slice is one of Of parts of a run that have the same number of steps, give or take one: the Index-th, from 0. The
// zero value is all of the run.
type Slice struct{ Index, Of int }

// steps returns the steps [from, to) of a run of so many.
func (s Slice) steps(all int) (from, to int) {
	if s.Of <= 1 {
		return 0, all
	}
	return s.Index * all / s.Of, (s.Index + 1) * all / s.Of
}

// A Part is what came out of a slice of a target, in a form that can be kept and put together with the others: on the
// same machine later, or on another one. All fields are for [Assemble].
type Part struct {
	Failed    string // why there is nothing else
	Image     string // what was executed: a hash of the image's contents
	Steps     int    // of the whole run
	Judged    int
	Untaken   int
	NoEntry   int
	Witnessed int
	Claimless []string
	Tallies   []PartTally // by walker and mode
	Points    []Point
	Visited   []VisitRange

	Deviations []Deviation
}

// A PartTally counts the verdicts of a walker in one mode.
type PartTally struct {
	Walker   string
	Mode     verdict.Mode
	Deliver  verdict.Delivery
	Counts   [verdict.NumVerdicts]int
	Warnings int
	Spots    []PartSpot
}

// A PartSpot is an instruction at which walks were not exact.
type PartSpot struct {
	PC      uint64
	Verdict verdict.Verdict
	Points  int
	First   verdict.Position
	Missing uint64
	Inside  uint64
}

// A VisitRange is a stretch of executed instructions.
type VisitRange struct{ First, Last uint64 }

// ErrOtherParts says that parts don't belong together: they are of different code, or of runs that went differently.
var ErrOtherParts = errors.New("parts that don't belong together")

// SweepPart sweeps a slice of a target. It fails with the context's error if it is cancelled: there is no part of a
// part.
func SweepPart(ctx context.Context, t verdict.Target, o Options, s Slice) (*Part, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	run, err := t.Scenario.Build(t.Variant, o.Build)
	if err != nil {
		return nil, err
	}
	r := newRunner(run, &o)
	r.slice = s
	result, err := r.sweep(ctx)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", t, err)
	}
	if result.Partial {
		return nil, cmp.Or(ctx.Err(), context.Canceled)
	}
	p := &Part{
		Image: imageHash(run.Image), Steps: result.Steps, Judged: result.Judged, Untaken: result.Untaken,
		NoEntry: result.NoEntry, Witnessed: result.Witnessed,
		Points:    result.Points,
		Claimless: slices.Sorted(maps.Keys(result.Claimless)), Deviations: result.Deviations,
		Visited: rangesOf(result.Visited),
	}
	for i := range p.Points { // Assemble knows
		p.Points[i].Scenario, p.Points[i].Variant = "", ""
	}
	for _, t := range r.tallies {
		p.Tallies = append(p.Tallies, t.part())
	}
	return p, nil
}

// Assemble makes a target's result out of the parts of all its slices, in their order. It is what a sweep of the whole
// target gives.
func Assemble(t verdict.Target, o Options, parts []*Part) (*RunResult, error) {
	for _, p := range parts {
		if p.Failed != "" {
			return FailedResult(t, p.Failed), nil
		}
	}
	run, err := t.Scenario.Build(t.Variant, o.Build)
	if err != nil {
		return nil, err
	}
	hash := imageHash(run.Image)
	r := newRunner(run, &o)
	result := r.result()
	if o.Cover {
		result.Visited = &emu.Visited{}
	}
	var tallies []namedTally
	for i, p := range parts {
		switch {
		case p.Image != hash:
			return nil, fmt.Errorf("%s: %w: part %d of %d is of another image than the one here (%.12s, not %.12s)", t,
				ErrOtherParts, i+1, len(parts), p.Image, hash)
		case p.Steps != parts[0].Steps || len(p.Tallies) != len(parts[0].Tallies):
			return nil, fmt.Errorf("%s: %w: part %d of %d is of a run of %d steps, the first one of %d", t,
				ErrOtherParts, i+1, len(parts), p.Steps, parts[0].Steps)
		}
		result.Steps, result.Witnessed = p.Steps, p.Witnessed
		result.Judged += p.Judged
		result.Untaken += p.Untaken
		result.NoEntry += p.NoEntry
		for k := range p.Points {
			p.Points[k].Scenario, p.Points[k].Variant = run.Scenario, run.Variant
		}
		result.Points = append(result.Points, p.Points...)
		result.Deviations = append(result.Deviations, p.Deviations...)
		for _, name := range p.Claimless {
			result.Claimless[name] = true
		}
		for _, v := range p.Visited {
			if o.Cover {
				v.addTo(result.Visited)
			}
		}
		for k := range p.Tallies {
			here := p.Tallies[k].tally(run)
			if i == 0 {
				tallies = append(tallies, here)
			} else if tallies[k].key != here.key {
				return nil, fmt.Errorf("%s: %w: part %d has %s in mode %s where the first one has %s in mode %s",
					t, ErrOtherParts, i+1, here.key.Walker, here.key.Mode, tallies[k].key.Walker, tallies[k].key.Mode)
			} else {
				tallies[k].merge(&here.tally)
			}
		}
	}
	r.count(tallies, result)
	return result, nil
}

// FailedResult is the result of a target of which nothing is known, and why.
func FailedResult(t verdict.Target, why string) *RunResult {
	s := &Subject{Scenario: t.Scenario.Name, Variant: t.Variant, Image: &image.Image{}, Symbols: &image.Symbols{},
		Claimless: map[string]bool{}}
	return &RunResult{Subject: s, Failed: why}
}

// part makes a tally fit to be kept.
func (t *namedTally) part() PartTally {
	p := PartTally{Walker: t.key.Walker, Mode: t.key.Mode, Deliver: t.key.Deliver, Counts: t.counts,
		Warnings: t.warnings}
	for s, h := range t.where {
		p.Spots = append(p.Spots, PartSpot{s.pc, s.verdict, h.points, h.first, h.missing, h.inside})
	}
	slices.SortFunc(p.Spots, func(a, b PartSpot) int {
		return cmp.Or(cmp.Compare(a.PC, b.PC), cmp.Compare(a.Verdict, b.Verdict))
	})
	return p
}

func (p *PartTally) tally(run *scenarios.Run) namedTally {
	t := namedTally{key: verdict.Key{Scenario: run.Scenario, Variant: run.Variant, Walker: p.Walker, Mode: p.Mode,
		Deliver: p.Deliver}}
	t.counts, t.warnings, t.where = p.Counts, p.Warnings, map[finding]*occurrences{}
	for _, s := range p.Spots {
		t.where[finding{s.PC, s.Verdict}] = &occurrences{s.Points, s.First, s.Missing, s.Inside}
	}
	return t
}

// rangesOf lists what was visited, in as few ranges as there are.
func rangesOf(v *emu.Visited) (all []VisitRange) {
	if v == nil {
		return nil
	}
	for pc := range v.All() {
		if n := len(all); n > 0 && all[n-1].Last+4 == pc {
			all[n-1].Last = pc
			continue
		}
		all = append(all, VisitRange{pc, pc})
	}
	return all
}

func (r VisitRange) addTo(v *emu.Visited) {
	var pcs []uint64
	for pc := r.First; pc <= r.Last && pc >= r.First; pc += 4 {
		pcs = append(pcs, pc)
	}
	v.Add(pcs)
}

// imageHash tells images apart by their contents.
func imageHash(im *image.Image) string {
	h := sha256.New()
	for _, s := range im.Segments {
		h.Write(binary.LittleEndian.AppendUint64(nil, s.Addr))
		sum := dataHash(s.Data)
		h.Write(sum[:])
	}
	return hex.EncodeToString(h.Sum(nil))
}

// dataHashes remembers the hashes of segments, which never change: a kernel's are large, and all its scenarios share
// them.
var dataHashes sync.Map

func dataHash(data []byte) [sha256.Size]byte {
	if len(data) == 0 {
		return sha256.Sum256(nil)
	}
	type place struct {
		first *byte
		n     int
	}
	key := place{&data[0], len(data)}
	if sum, ok := dataHashes.Load(key); ok {
		return sum.([sha256.Size]byte)
	}
	sum := sha256.Sum256(data)
	dataHashes.Store(key, sum)
	return sum
}
