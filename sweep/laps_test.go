// SPDX-License-Identifier: GPL-2.0-only

package sweep

import (
	"maps"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"stacksweep/emu"
	"stacksweep/scenarios"
	"stacksweep/sweep/registry"
	"stacksweep/sweep/truth"
	"stacksweep/sweep/verdict"
	"stacksweep/unwind"
)

// An asked walker counts how often it is asked to walk, or whether an earlier walk holds.
type asked struct {
	unwind.Resumer
	times *int
}

func (w *asked) PreMetadata() bool { return unwind.PreMetadata(w.Resumer) }

func (w *asked) Walk(task *unwind.Task, t *unwind.Trace) {
	*w.times++
	w.Resumer.Walk(task, t)
}

func (w *asked) Resume(task *unwind.Task, t *unwind.Trace) (known, kept int) {
	*w.times++
	return w.Resumer.Resume(task, t)
}

func (w *asked) Holds(j unwind.Joint) bool {
	*w.times++
	return w.Resumer.Holds(j)
}

// Most of a long loop is counted, and each verdict is what a whole walk comes to.
func TestLaps(t *testing.T) {
	specs, err := registry.Find("v6.17,sframe")
	if err != nil {
		t.Fatal(err)
	}
	times := 0
	var counting []registry.Spec
	for _, s := range specs {
		counting = append(counting, registry.Spec{Name: s.Name, New: func(run *scenarios.Run) unwind.Walker {
			return &asked{s.New(run).(unwind.Resumer), &times}
		}})
	}
	o := Options{Walkers: counting, Modes: verdict.StepModes(), Jobs: 1}
	counted, err := newRunner(longChain(t, 60_000), &o).sweep(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if times > counted.Steps/4 {
		t.Errorf("in %d steps the walkers were asked %d times", counted.Steps, times)
	}
	decided := 0
	o.Walkers, o.audit = specs, auditWith(t, &decided)
	audited, err := newRunner(longChain(t, 60_000), &o).sweep(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if decided < counted.Summaries[0].Points {
		t.Errorf("only %d verdicts were audited", decided)
	}
	if diff := cmp.Diff(summaries([]*RunResult{audited}), summaries([]*RunResult{counted})); diff != "" {
		t.Errorf("(-audited +counted)\n%s", diff)
	}
}

// Whatever is different in one of many laps is seen: a register, what is stored to any word, a word further out, the
// truth. Recordings are doctored for that, so that most walks in them are wrong; all that counts is that they are
// called the same by laps and by whole walks.
func TestLapsOfDoctoredRuns(t *testing.T) {
	specs, err := registry.Find("v6.17,sframe,v6.1")
	if err != nil {
		t.Fatal(err)
	}
	run, recording := recordedChain(t, 25_000)
	sound := summaries([]*RunResult{judgeDoctored(t, run, recording, specs, 0, false)})
	different := 0
	for seed := range uint64(60) {
		doctored := *recording
		doctored.Chunks = []*emu.Chunk{doctor(run, recording, seed)}
		// The frames are another walker's everywhere, so that nothing but the truth decides.
		frame := recording.PC(5000 + int(seed))
		all := append(slices.Clone(specs), registry.Spec{Name: "stubborn",
			New: func(*scenarios.Run) unwind.Walker { return &stubborn{frame} }})
		whole := judgeDoctored(t, run, &doctored, all, seed, true)
		lapped := judgeDoctored(t, run, &doctored, all, seed, false)
		if diff := cmp.Diff(summaries([]*RunResult{whole}), summaries([]*RunResult{lapped})); diff != "" {
			t.Errorf("seed %d: (-whole +lapped)\n%s", seed, diff)
		}
		if summaries([]*RunResult{whole}) != sound {
			different++
		}
	}
	if different < 40 {
		t.Errorf("only %d doctored runs come to anything else", different)
	}
}

// judgeDoctored judges a recording whose truth is doctored, too, if the seed says so.
func judgeDoctored(t *testing.T, run *scenarios.Run, recording *emu.Recording, specs []registry.Spec, seed uint64,
	whole bool) *RunResult {
	t.Helper()
	o := Options{Walkers: specs, Modes: verdict.StepModes(), Jobs: 1, WholeWalks: whole}
	r := newRunner(run, &o)
	if seed%4 == 3 {
		for i, oracle := range r.oracles {
			r.oracles[i] = func(log truth.Log, facts truth.Facts, under *truth.Base) (*truth.History, error) {
				return oracle(doctorTruth(log, seed), facts, under)
			}
		}
	}
	result := r.result()
	if err := r.judgeRecording(t.Context(), recording, result); err != nil {
		t.Fatal(err)
	}
	return result
}

// A nosy walker finds its trace reliable as long as a word, which isn't aligned, is what it wants.
type nosy struct {
	stubborn
	addr, want uint64
}

func (w *nosy) Walk(task *unwind.Task, t *unwind.Trace) {
	w.stubborn.Walk(task, t)
	word, _ := task.Mem.Word(w.addr)
	t.Reliable = word == w.want
}

func (w *nosy) Resume(task *unwind.Task, t *unwind.Trace) (known, kept int) {
	w.Walk(task, t)
	return 0, 0
}

// Laps may store the same and still begin in two ways: here each ends with a word that the walks of all read, but the
// first and one of the others begin with the right one.
func TestLapsThatBeginOtherwise(t *testing.T) {
	specs, err := registry.Find("sframe")
	if err != nil {
		t.Fatal(err)
	}
	run, recording := recordedChain(t, 25_000)
	pcs := recording.Chunks[0].PC
	period := 1
	for !slices.Equal(pcs[2000:4000], pcs[2000+period:4000+period]) {
		period++
	}
	outer, fp, right := outermostRecord(t, recording)
	for offset := range 10 {
		c := *recording.Chunks[0]
		c.Stores = nil
		wrong, at := right^64, offset*period/10
		put := func(step int, value uint64) {
			c.Stores = append(c.Stores, emu.Store{Step: uint32(step), Size: 8, Addr: outer, New: value})
		}
		for step, next := 0, 0; step < c.Steps; step++ {
			for next < len(recording.Chunks[0].Stores) && int(recording.Chunks[0].Stores[next].Step) == step {
				c.Stores = append(c.Stores, recording.Chunks[0].Stores[next])
				next++
			}
			switch {
			case step > at && (step-at)%period == 0:
				put(step, wrong)
			case step == at+20*period+period/2:
				put(step, right)
			}
		}
		fillOld(recording, &c)
		doctored := *recording
		doctored.Chunks = []*emu.Chunk{&c}
		unaligned := []registry.Spec{{Name: "nosy", New: func(*scenarios.Run) unwind.Walker {
			return &nosy{addr: outer - 4, want: right<<32 | fp>>32}
		}}}
		for _, some := range [][]registry.Spec{specs, unaligned} {
			whole := judgeDoctored(t, run, &doctored, some, 0, true)
			lapped := judgeDoctored(t, run, &doctored, some, 0, false)
			if diff := cmp.Diff(summaries([]*RunResult{whole}), summaries([]*RunResult{lapped})); diff != "" {
				t.Errorf("offset %d: (-whole +lapped)\n%s", offset, diff)
			}
		}
	}
}

// outermostRecord returns where the return address in the outermost frame record is, and what the record holds.
func outermostRecord(t *testing.T, recording *emu.Recording) (addr, fp, lr uint64) {
	t.Helper()
	c := recording.Cursor()
	if err := c.Seek(1000); err != nil {
		t.Fatal(err)
	}
	at := c.FP()
	for {
		fp, ok := c.Memory().Word(at)
		if outer, _ := c.Memory().Word(fp); !ok || outer == 0 {
			lr, _ = c.Memory().Word(at + 8)
			return at + 8, fp, lr
		}
		at = fp
	}
}

// doctor changes something at a few steps of a recording of one chunk.
func doctor(run *scenarios.Run, recording *emu.Recording, seed uint64) *emu.Chunk {
	rnd := rand.New(rand.NewPCG(seed, 1))
	c := *recording.Chunks[0]
	c.Frames, c.Stores = slices.Clone(c.Frames), slices.Clone(c.Stores)
	for range 3 {
		switch seed % 4 {
		case 0: // another value, so that a frame record may be wrong
			c.Stores[rnd.IntN(len(c.Stores))].New ^= 1 << rnd.IntN(40)
		case 1: // another register, until it is written again
			f := &c.Frames[1+rnd.IntN(len(c.Frames)-1)]
			*[]*uint64{&f.FP, &f.LR}[rnd.IntN(2)] ^= 16
		case 2: // an additional store to what is further out
			at := rnd.IntN(len(c.Stores))
			outer := run.Start.SP - 8*uint64(1+rnd.IntN(12))
			c.Stores = slices.Insert(c.Stores, at, emu.Store{Step: c.Stores[at].Step, Size: 8, Addr: outer &^ 7,
				New: rnd.Uint64()})
		}
	}
	fillOld(recording, &c)
	return &c
}

// fillOld fills in what stores have overwritten.
func fillOld(recording *emu.Recording, c *emu.Chunk) {
	memory := map[uint64]byte{} // what the stores make of it
	for i := range c.Stores {
		s := &c.Stores[i]
		var old [8]byte
		recording.Initial.Read(s.Addr, old[:s.Size])
		s.Old = 0
		for b := range s.Size {
			if now, ok := memory[s.Addr+uint64(b)]; ok {
				old[b] = now
			}
			s.Old |= uint64(old[b]) << (8 * b)
			memory[s.Addr+uint64(b)] = byte(s.New >> (8 * b))
		}
	}
}

// doctorTruth makes a few calls, and the returns of them, come from elsewhere.
func doctorTruth(log truth.Log, seed uint64) truth.Log {
	rnd := rand.New(rand.NewPCG(seed, 2))
	var all []truth.Transfer
	for t := range log.Forwards() {
		all = append(all, *t)
	}
	pairs := map[int]int{}
	var open []int
	for i := range all {
		switch all[i].Kind {
		case emu.Call:
			open = append(open, i)
		case emu.Return:
			pairs[open[len(open)-1]] = i
			open = open[:len(open)-1]
		}
	}
	calls := slices.Sorted(maps.Keys(pairs))
	for range 20 {
		call := calls[rnd.IntN(len(calls))]
		back := all[call].From + 4 + 16
		all[call].Back, all[pairs[call]].To = back, back
	}
	return truth.Log{all}
}
