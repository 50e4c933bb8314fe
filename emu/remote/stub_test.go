// SPDX-License-Identifier: GPL-2.0-only

package remote_test

import (
	"context"
	"net"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"stacksweep/emu"
	"stacksweep/emu/remote"
	"stacksweep/internal/gdbstub"
	"stacksweep/internal/inspect"
	"stacksweep/internal/kernels"
	"stacksweep/scenarios"
	"stacksweep/scenarios/corpus"
	"stacksweep/scenarios/generated"
	"stacksweep/scenarios/kernel"
	"stacksweep/sweep/session"
	"stacksweep/sweep/verdict"
)

// served opens a scenario's run, and connects to a GDB stub that shows it.
func served(t testing.TB, target verdict.Target) (*session.Session, *remote.Target) {
	t.Helper()
	s, err := session.Open(target, nil, scenarios.Options{})
	if err != nil {
		t.Fatal(err)
	}
	stub, err := gdbstub.New(gdbstub.Config{Run: inspect.New(s), Point: verdict.PointName{Target: target}})
	if err != nil {
		t.Fatal(err)
	}
	here, there := net.Pipe()
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() {
		defer close(done)
		_ = stub.Serve(ctx, there)
	}()
	t.Cleanup(func() { here.Close(); cancel(); <-done })
	r, err := remote.New(context.Background(), here, 10*time.Second)
	if err != nil {
		t.Fatal(err)
	}
	return s, r
}

// watched is all memory that a run may change.
func watched(run *scenarios.Run) (all []remote.Watch) {
	for _, r := range run.Config.Regions {
		if r.Perm&emu.Write != 0 && r.Size <= 1<<20 {
			all = append(all, remote.Watch{Name: r.Name, Base: r.Base, Size: r.Size})
		}
	}
	return all
}

// bytesOf are the bytes of the watched memory that each step has changed.
func bytesOf(r *emu.Recording, watch []remote.Watch) map[int]map[uint64]byte {
	all := map[int]map[uint64]byte{}
	for _, c := range r.Chunks {
		for i := range c.Stores {
			s := &c.Stores[i]
			for b := range uint64(s.Size) {
				if byte(s.Old>>(8*b)) == byte(s.New>>(8*b)) {
					continue // DC ZVA of memory that is zero can't be told from one of less
				}
				for _, w := range watch {
					if s.Addr+b-w.Base < w.Size {
						step := c.First + int(s.Step)
						if all[step] == nil {
							all[step] = map[uint64]byte{}
						}
						all[step][s.Addr+b] = byte(s.New >> (8 * b))
					}
				}
			}
		}
	}
	return all
}

// TestRecordMakesTheSameRecording steps runs of all kinds through a GDB stub, and compares what comes of it with the
// recording that the stub shows: every register, every byte stored, every transfer.
func TestRecordMakesTheSameRecording(t *testing.T) {
	for _, target := range targets(t) {
		t.Run(target.String(), func(t *testing.T) {
			s, r := served(t, target)
			want := s.Recording
			if want.Mode != emu.Full || want.Len() > 20_000 {
				t.Skip("too long")
			}
			watch := watched(s.Run)
			got, err := r.Record(context.Background(),
				remote.RecordOptions{Watch: watch, Until: s.Run.Until, Vectors: s.Run.Config.Vectors})
			if err != nil {
				t.Fatal(err)
			}
			if got.Len() != want.Len() {
				t.Fatalf("%d steps, not %d", got.Len(), want.Len())
			}
			if diff := cmp.Diff(flat(want), flat(got.Recording)); diff != "" {
				t.Error(diff)
			}
			if diff := cmp.Diff(bytesOf(want, watch), bytesOf(got.Recording, watch)); diff != "" {
				t.Errorf("stores (-emulated +remote):\n%s", diff)
			}
		})
	}
}

// flatRecording is a recording without its chunks' borders.
type flatRecording struct {
	Start, End emu.Regs
	PC         []uint64
	Full       []emu.Regs
	Frames     []emu.FrameRegs
	Transfers  []emu.Transfer
}

func flat(r *emu.Recording) flatRecording {
	f := flatRecording{Start: r.Start, End: r.End}
	for _, c := range r.Chunks {
		f.PC = append(f.PC, c.PC...)
		f.Full = append(f.Full, c.Full...)
		for _, x := range c.Frames {
			x.Step += uint32(c.First)
			if n := len(f.Frames); n > 0 { // each chunk begins with one
				last := f.Frames[n-1]
				if last.Step = x.Step; last == x {
					continue
				}
			}
			f.Frames = append(f.Frames, x)
		}
		for _, x := range c.Transfers {
			x.Step += uint32(c.First)
			f.Transfers = append(f.Transfers, x)
		}
	}
	return f
}

// targets are runs of all kinds: the corpus, generated programs and, if one is in the cache, a kernel.
func targets(t *testing.T) []verdict.Target {
	var all []verdict.Target
	for _, s := range corpus.All() {
		all = append(all, verdict.Target{Scenario: s, Variant: s.Variants[0].Name})
	}
	for seed := range uint64(3) {
		s, _, err := generated.Named(generated.Name(seed))
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, verdict.Targets([]*scenarios.Scenario{s})...)
	}
	cached, err := kernels.Fetched()
	if err != nil || len(cached) == 0 {
		t.Log("SKIP kernels: none is in the cache")
		return all
	}
	k, err := kernel.Load(cached[len(cached)-1].Series, cached[len(cached)-1].Image)
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range k.Scenarios() {
		all = append(all, verdict.Target{Scenario: s, Variant: s.Variants[0].Name})
	}
	return all
}
