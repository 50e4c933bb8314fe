package sweep

import (
	"context"
	"errors"
	"testing"

	"stacksweep/emu"
	"stacksweep/scenarios"
)

// target returns a scenario's variant.
func target(t *testing.T, name string) Target {
	t.Helper()
	target, err := FindTarget(scenarios.All(), name)
	if err != nil {
		t.Fatal(err)
	}
	return target
}

// without returns an oracle that doesn't see the n-th transfer that drop chooses.
func without(o oracle, n int, drop func(*transfer) bool) oracle {
	return func(log transferLog, h hooks) (*history, error) {
		var kept []transfer
		for t := range log.forwards() {
			if drop(t) {
				if n--; n == -1 {
					continue
				}
			}
			kept = append(kept, *t)
		}
		return o(transferLog{kept}, h)
	}
}

func isCall(t *transfer) bool   { return t.kind == emu.Call }
func isReturn(t *transfer) bool { return t.kind == emu.Return }

// Whatever rule of an oracle is broken, the sweep must end in a conflict: the oracles are the only truth there is.
func TestBrokenOracleIsAConflict(t *testing.T) {
	noHooks := func(o oracle) oracle {
		return func(log transferLog, _ hooks) (*history, error) { return o(log, nil) }
	}
	edit := func(o oracle, change func(*transfer)) oracle {
		return func(log transferLog, h hooks) (*history, error) {
			var edited []transfer
			for t := range log.forwards() {
				edited = append(edited, *t)
				change(&edited[len(edited)-1])
			}
			return o(transferLog{edited}, h)
		}
	}
	for name, oracles := range map[string][2]oracle{
		"past skips a push":                    {without(past, 5, isCall), future},
		"past skips a pop":                     {without(past, 5, isReturn), future},
		"past takes hooked returns for real":   {noHooks(past), future},
		"future skips a push":                  {past, without(future, 5, isReturn)},
		"future skips a pop":                   {past, without(future, 5, isCall)},
		"future takes hooked returns for real": {past, noHooks(future)},
		"SP differs at a return": {past, edit(future, func(t *transfer) {
			if t.kind == emu.Return {
				t.sp += 16
			}
		})},
		"X29 differs at a return": {past, edit(future, func(t *transfer) {
			if t.kind == emu.Return {
				t.fp += 16
			}
		})},
		"return addresses are one instruction off": {edit(past, func(t *transfer) {
			if t.kind == emu.Call {
				t.from += 4
			}
		}), future},
	} {
		t.Run(name, func(t *testing.T) {
			run, err := target(t, "fgraph/return").Scenario.Build("", scenarios.Options{})
			if err != nil {
				t.Fatal(err)
			}
			r := newRunner(run, &Options{Walkers: Walkers(), Modes: Modes(), Jobs: 1})
			r.past, r.future = oracles[0], oracles[1]
			if _, err := r.sweep(context.Background()); !errors.Is(err, ErrConflict) {
				t.Errorf("got %v, want an oracle conflict", err)
			}
		})
	}
}

// A run whose last call never returns has no known future.
func TestUnfinishedRunIsAConflict(t *testing.T) {
	_, err := future(transferLog{{{step: 3, kind: emu.Call, from: 0x100, to: 0x200}}}, nil)
	if !errors.Is(err, ErrConflict) {
		t.Errorf("got %v, want an oracle conflict", err)
	}
}
