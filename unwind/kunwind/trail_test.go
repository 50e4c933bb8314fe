// SPDX-License-Identifier: GPL-2.0-only

package kunwind

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"stacksweep/unwind"
)

// witnessed is memory that notes what is read of it.
type witnessed struct {
	words
	seen      []uint64
	shown     bool
	low, high uint64
}

func (m *witnessed) Word(addr uint64) (uint64, bool) {
	m.seen = append(m.seen, addr)
	m.shown = m.shown || addr < m.high && addr+8 > m.low
	return m.words.Word(addr)
}

func (m *witnessed) Seen() ([]uint64, bool) {
	seen, shown := m.seen, m.shown
	m.seen, m.shown = nil, false
	return seen, shown
}

func (m *witnessed) Shown() (low, high uint64) { return m.low, m.high }

// A program makes a task's stack, shadow stack and probes change as running code does: most things stay.
type program struct {
	r      *rand.Rand
	mem    words
	fps    []uint64 // records, outermost first
	traced [][2]uint64
	probed [][2]uint64
	wrote  [][2]uint64 // since the last walk: address, size
}

func newProgram(seed uint64) *program {
	p := &program{r: rand.New(rand.NewPCG(seed, 1)), mem: words{}, fps: []uint64{final}}
	testTask(p.mem, unwind.FromCaller, 0, 0)
	p.hooks()
	for range 6 {
		p.push()
	}
	p.wrote = nil
	return p
}

func (p *program) write(addr, value uint64) {
	if old, ok := p.mem[addr]; !ok || old != value {
		p.mem[addr] = value
		p.wrote = append(p.wrote, [2]uint64{addr, 8})
	}
}

// hooks writes what the tracers know.
func (p *program) hooks() {
	fresh := words{}
	fresh.traced(p.traced...)
	fresh.probed(p.probed...)
	for addr, value := range fresh {
		p.write(addr, value)
	}
}

// push calls a function, which may be traced or probed, or takes an exception.
func (p *program) push() {
	top := p.fps[len(p.fps)-1]
	at := top - 16*uint64(1+p.r.IntN(4))
	lr := uint64(0x1004 + 4*p.r.IntN(0x100))
	if at < stackLow+0x200 {
		p.pop()
		return
	}
	switch p.r.IntN(9) {
	case 0:
		p.traced = append(p.traced, [2]uint64{lr, at})
		lr = hook
	case 1:
		p.probed = slices.Insert(p.probed, 0, [2]uint64{lr, at})
		lr = trampoline
	case 2: // an exception, whose record says that registers are around it
		if regs := (top - 512) &^ 15; regs > stackLow+0x200 {
			fresh := words{}
			at = fresh.exception(regs, []uint64{0x1008, 0x2004, 0x2008, 0x7000}[p.r.IntN(4)], top, top-32, lr)
			for addr, value := range fresh {
				p.write(addr, value)
			}
			p.fps = append(p.fps, at)
			return
		}
	}
	p.write(at, top)
	p.write(at+8, lr)
	p.fps = append(p.fps, at)
	p.hooks()
}

func (p *program) pop() {
	if len(p.fps) == 1 {
		return
	}
	at := p.fps[len(p.fps)-1]
	p.fps = p.fps[:len(p.fps)-1]
	p.traced = slices.DeleteFunc(p.traced, func(e [2]uint64) bool { return e[1] == at })
	p.probed = slices.DeleteFunc(p.probed, func(e [2]uint64) bool { return e[1] == at })
	p.hooks()
}

// step does something, and returns where the task then is, and whether it runs.
func (p *program) step() (start unwind.Start) {
	switch n := p.r.IntN(20); {
	case n < 7:
		p.push()
	case n < 13:
		p.pop()
	case n < 15: // a local variable, or an argument on the stack
		p.write(p.fps[p.r.IntN(len(p.fps))]-8*uint64(1+p.r.IntN(3)), p.r.Uint64()&^7)
	case n == 15: // something breaks a record
		p.write(p.fps[p.r.IntN(len(p.fps))]+8*uint64(p.r.IntN(2)),
			[]uint64{0, stackLow, hook, trampoline, final}[p.r.IntN(5)])
	case n == 16: // and is put right
		for i, at := range p.fps[1:] {
			if p.mem[at+16] != unwind.MetaPtRegs {
				p.write(at, p.fps[i])
			}
		}
	case n == 17 && len(p.probed) > 0: // a probe's instance is given to another
		p.probed[p.r.IntN(len(p.probed))][0] += 4
		p.hooks()
	case n == 18 && len(p.traced) > 0:
		p.traced[p.r.IntN(len(p.traced))][0] += 4
		p.hooks()
	}
	kind := unwind.FromCaller
	if p.r.IntN(8) == 0 {
		kind = unwind.FromBlocked
	}
	return unwind.Start{Kind: kind, PC: uint64(0x2000 + 4*p.r.IntN(8)), FP: p.fps[len(p.fps)-1]}
}

// A walk that goes on from an earlier one ends as a walk that begins anew, in all that it says, whatever was written in
// between, for every profile.
func TestResumedWalks(t *testing.T) {
	k := testKernel(t)
	known, cut := 0, 0
	profiles := Profiles()
	for _, room := range []int{3, 5, 9} { // a consumer that takes so many frames
		for _, p := range profiles[:len(Profiles())] {
			p.Name, p.Room = fmt.Sprintf("%s, room for %d", p.Name, room), room
			profiles = append(profiles, p)
		}
	}
	for _, profile := range profiles {
		for seed := range uint64(8) {
			program := newProgram(seed)
			mem := &witnessed{words: program.mem}
			resumed, rival := New(profile, k), New(profile, k)
			task := testTask(words{}, unwind.FromCaller, 0, 0) // a walk that is resumed is of the same task
			last := 0
			for step := range 60 {
				start := program.step()
				mem.low, mem.high = 0, 0
				var laid words
				if program.r.IntN(4) == 0 { // an exception is laid over for this walk only
					regs := (start.FP - 512) &^ 15
					laid = words{}
					start.FP = laid.exception(regs, start.PC, start.FP, start.FP-32, 0x1004)
					start.PC = 0x7000
					mem.low, mem.high = regs, regs+layout.Size
				}
				for _, w := range program.wrote {
					resumed.Wrote(w[0], w[1])
					rival.Wrote(w[0], w[1])
				}
				program.wrote = nil
				mem.words = program.mem
				if laid != nil {
					mem.words = words{}
					for addr, value := range program.mem {
						mem.words[addr] = value
					}
					for addr, value := range laid {
						mem.words[addr] = value
					}
				}
				if step%16 == 15 { // other walkers have what it remembers in now
					before := resumed.Joint()
					if err := resumed.Close(); err != nil || before.Name != 0 && resumed.Holds(before) {
						t.Fatalf("%s, seed %d, step %d: a frame is known after Close: %v", profile.Name,
							seed, step, err)
					}
					last = 0
					rival = New(profile, k)
				}
				task.Start, task.Mem = start, mem.words
				var want, got unwind.Trace
				New(profile, k).Walk(task, &want)
				task.Mem = mem
				mem.Seen()
				rival.Resume(task, &got)
				rival.Complete(&got)
				if diff := cmp.Diff(want, got); diff != "" {
					t.Fatalf("%s, seed %d, step %d, another walker: %s", profile.Name, seed, step, diff)
				}
				mem.Seen()
				n, kept := resumed.Resume(task, &got)
				resumed.Complete(&got)
				if diff := cmp.Diff(want, got); diff != "" {
					t.Fatalf("%s, seed %d, step %d, %d frames known: %s", profile.Name, seed, step, n, diff)
				}
				if kept > last || n > kept {
					t.Fatalf("%s, seed %d, step %d: %d known, %d kept of %d", profile.Name, seed, step, n, kept, last)
				}
				last = len(resumed.trail.entries)
				known += n
				if n > 0 && n < len(got.Frames) {
					cut++
				}
			}
		}
	}
	if known < 5000 || cut < 2000 {
		t.Errorf("%d frames were known, in %d walks some of them", known, cut)
	}
	t.Logf("%d frames were known, in %d walks some of them", known, cut)
}
