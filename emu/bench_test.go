// SPDX-License-Identifier: GPL-2.0-only

package emu

import (
	"errors"
	"testing"

	"stacksweep/emu/internal/uc/bare"
)

// Three kinds of work (testdata/loop.s), from an offset in the code.
var workloads = []struct {
	name   string
	offset uint64
}{
	{"no-stores", 0},
	{"store-in-five", 0x100},
	{"calls", 0x200},
}

// BenchmarkRecord measures a long run per instruction, in each mode.
func BenchmarkRecord(b *testing.B) {
	const steps = 1 << 20
	for _, mode := range []struct {
		name string
		Mode
	}{{"transfers", Transfers}, {"sparse", Sparse}, {"full", Full}} {
		for _, work := range workloads {
			b.Run(mode.name+"/"+work.name, func(b *testing.B) {
				m := newMachine(b, config(program(b, "loop")), startRegs())
				benchmarkRun(b, m, work.offset, RunOptions{Until: NoAddress, Limit: steps, Mode: mode.Mode}, nil)
			})
		}
	}
}

// BenchmarkBare measures the same work under an empty hook, and under hooks that do nothing but to note the PC and to
// do the store. BenchmarkRecord can't be faster than the latter.
func BenchmarkBare(b *testing.B) {
	const steps = 1 << 20
	for _, hooks := range []struct {
		name  string
		notes bool
		works int
	}{{"empty", false, 1}, {"least", true, 2}} {
		for _, work := range workloads[:hooks.works] {
			b.Run(hooks.name+"/"+work.name, func(b *testing.B) {
				e, err := bare.New(program(b, "loop"), hooks.notes)
				if err != nil {
					b.Fatal(err)
				}
				defer e.Close()
				run := func() {
					if err := e.Run(work.offset, steps); err != nil {
						b.Fatal(err)
					}
				}
				run() // translate
				for b.Loop() {
					run()
				}
				b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/steps, "ns/insn")
			})
		}
	}
}

// BenchmarkCursor measures recording and following it with a cursor.
func BenchmarkCursor(b *testing.B) {
	const steps = 1 << 20
	for _, work := range workloads {
		b.Run(work.name, func(b *testing.B) {
			m := newMachine(b, config(program(b, "loop")), startRegs())
			benchmarkRun(b, m, work.offset, RunOptions{Until: NoAddress, Limit: steps}, func(chunk *Chunk, c *Cursor) {
				c.Load(chunk)
				for c.Next() {
				}
			})
		})
	}
}

func benchmarkRun(b *testing.B, m *Machine, offset uint64, opt RunOptions, use func(*Chunk, *Cursor)) {
	start := startRegs()
	start.PC += offset
	run := func() {
		if err := m.SetRegs(start); err != nil {
			b.Fatal(err)
		}
		var c *Cursor
		if use != nil {
			c = NewCursor(m.Snapshot())
		}
		err := m.Stream(opt, func(chunk *Chunk) error {
			if use != nil {
				use(chunk, c)
			}
			return nil
		})
		if !errors.Is(err, ErrLimit) {
			b.Fatal(err)
		}
	}
	run() // translate
	for b.Loop() {
		run()
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(opt.Limit), "ns/insn")
}

// BenchmarkFork measures going off from a point, running 20 instructions with calls and stores, and coming back.
func BenchmarkFork(b *testing.B) {
	m := newMachine(b, config(program(b, "loop")), startRegs())
	start := startRegs()
	start.PC += 0x200
	for b.Loop() {
		err := m.Fork(func() error {
			if err := m.SetRegs(start); err != nil {
				return err
			}
			return m.Advance(20)
		})
		if err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkWriteCode measures changing an instruction that has run, and running it again.
func BenchmarkWriteCode(b *testing.B) {
	m := newMachine(b, config(words(movX5One)), startRegs())
	changes := [][]byte{words(movX5One), words(movX5Two)}
	for i := 0; b.Loop(); i++ {
		if err := m.Write(codeBase, changes[i%2]); err != nil {
			b.Fatal(err)
		}
		if err := m.SetRegs(startRegs()); err != nil {
			b.Fatal(err)
		}
		if err := m.Advance(1); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkNew(b *testing.B) {
	c := config(program(b, "loop"))
	for b.Loop() {
		m, err := New(c)
		if err != nil {
			b.Fatal(err)
		}
		m.Close()
	}
}

func BenchmarkMemoryWord(b *testing.B) {
	m := newMachine(b, config(nil), startRegs())
	mem := m.Snapshot()
	var sum uint64
	for b.Loop() {
		w, _ := mem.Word(dataBase + 64)
		sum += w
	}
	_ = sum
}
