// SPDX-License-Identifier: GPL-2.0-only

// Soak sweeps generated programs for a long time, by all walkers, in all modes, and in turn with exceptions that are
// taken: whatever goes wrong once in thousands of programs, or grows with each, shows.
//
//	go run ./tools/soak -time 30m -seed 1000
//
// Every program is one that no run with another seed has. It prints a line a minute, with how much memory is in use,
// and ends with status 1 at the first walk that is not as expected, oracle conflict or exception that leaves a trace.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"runtime"
	"time"

	"stacksweep/scenarios/generated"
	"stacksweep/sweep"
	"stacksweep/sweep/registry"
	"stacksweep/sweep/verdict"
)

func main() {
	length := flag.Duration("time", 30*time.Minute, "how long")
	seed := flag.Uint64("seed", 1, "the first program")
	jobs := flag.Int("j", runtime.GOMAXPROCS(0), "how many goroutines work")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	s := soak{end: time.Now().Add(*length), next: time.Now(), jobs: *jobs}
	if err := s.run(ctx, *seed); err != nil {
		fmt.Fprintln(os.Stderr, "soak:", err)
		os.Exit(1)
	}
}

// A soak is what was done until now.
type soak struct {
	end, next time.Time // of all, and of the next line
	jobs      int
	expect    []verdict.Expectation

	programs, pairs, taken int
	walks                  int
	unsound                int // walks that are known to be
}

// A way is how a program is swept.
type way struct {
	modes   []verdict.Mode
	deliver verdict.Delivery
}

func (s *soak) run(ctx context.Context, seed uint64) (err error) {
	if s.expect, err = verdict.BuiltinExpectations(); err != nil {
		return err
	}
	ways := []way{
		{modes: []verdict.Mode{verdict.Sync, verdict.Blocked, verdict.IRQ, verdict.NMI}},
		{modes: []verdict.Mode{verdict.Sync, verdict.Blocked, verdict.IRQ, verdict.NMI}},
		{modes: []verdict.Mode{verdict.IRQ, verdict.NMI}, deliver: verdict.Taken},
		{modes: []verdict.Mode{verdict.Pairs}},
	}
	for n := uint64(0); time.Now().Before(s.end) && ctx.Err() == nil; n++ {
		if time.Now().After(s.next) {
			s.print()
			s.next = s.next.Add(time.Minute)
		}
		if err := s.program(ctx, seed+n, ways[n%uint64(len(ways))]); err != nil {
			return fmt.Errorf("%s: %w", generated.Name(seed+n), err)
		}
	}
	s.print()
	return nil
}

// errUnexpected says that a verdict is not expected, or that an exception has left a trace.
var errUnexpected = errors.New("not as expected")

func (s *soak) program(ctx context.Context, seed uint64, w way) error {
	scenario, ok, err := generated.Named(generated.Name(seed))
	if err != nil || !ok {
		return errors.Join(err, errors.New("no program"))
	}
	walkers := registry.All()
	if w.deliver == verdict.Overlay && w.modes[0] == verdict.Sync {
		walkers = append(walkers, registry.Tables()...)
	}
	o := sweep.Options{Walkers: walkers, Modes: w.modes, Deliver: w.deliver, Jobs: s.jobs, Expect: s.expect}
	target := verdict.Target{Scenario: scenario, Variant: scenario.Variants[0].Name}
	return sweep.Sweep(ctx, []verdict.Target{target}, o, func(r *sweep.RunResult) error {
		s.programs++
		if w.deliver == verdict.Taken {
			s.taken++
		} else if w.modes[0] == verdict.Pairs {
			s.pairs++
		}
		for i := range r.Summaries {
			s.walks += r.Summaries[i].Points
			for v, n := range r.Summaries[i].Counts {
				if !verdict.Verdict(v).Conforming() {
					s.unsound += n
				}
			}
		}
		if r.Note(verdict.NewLedger(s.expect)) {
			return errUnexpected
		}
		return nil
	})
}

func (s *soak) print() {
	fmt.Printf("%s  %d programs (%d with exceptions taken, %d in pairs), %d walks, %d of them unsound, as is "+
		"known; %s\n",
		time.Now().Format(time.TimeOnly), s.programs, s.taken, s.pairs, s.walks, s.unsound, memory())
}
