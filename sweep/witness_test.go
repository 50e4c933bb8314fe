// SPDX-License-Identifier: GPL-2.0-only

package sweep

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"stacksweep/emu"
	"stacksweep/internal/testkit"
	"stacksweep/scenarios"
	"stacksweep/scenarios/userfile"
	"stacksweep/sweep/registry"
	"stacksweep/sweep/truth"
	"stacksweep/sweep/verdict"
)

// shadowed is code with a shadow call stack. liar saves something that is not a return address, and loser never takes
// it back.
const shadowed = `
__attribute__((noinline)) int leaf(int a) { __asm__(""); return a + 1; }
__attribute__((noinline)) int middle(int a) { return leaf(a) + leaf(a + 1); }
int outer(int a) { int i, sum = 0; for (i = 0; i < 9; i++) sum += middle(a + i); return sum; }
int recurse(int n) { return n == 0 ? 0 : 1 + recurse(n - 1) * (n & 1); }
__asm__(".type liar, %function\n"
	"liar: mov x9, x30\n adr x30, 1f\n str x30, [x18], #8\n"
	"1: ldr x30, [x18, #-8]!\n mov x30, x9\n ret\n .size liar, .-liar\n");
__asm__(".type loser, %function\n"
	"loser: str x30, [x18], #8\n ret\n .size loser, .-loser\n");
`

func shadowedRun(t *testing.T, call string) *scenarios.Run {
	t.Helper()
	gcc := testkit.Tool(t, "aarch64-linux-gnu-gcc")
	dir := t.TempDir()
	source, object := filepath.Join(dir, "a.c"), filepath.Join(dir, "a.o")
	if err := os.WriteFile(source, []byte(shadowed), 0o644); err != nil {
		t.Fatal(err)
	}
	flags := []string{
		"-O1", "-ffixed-x18", "-fsanitize=shadow-call-stack", "-mbranch-protection=pac-ret",
		"-fno-optimize-sibling-calls",
		"-c", "-o", object, source,
	}
	if out, err := exec.Command(gcc, flags...).CombinedOutput(); err != nil {
		t.Skipf("the compiler here has no shadow call stack: %v: %s", err, out)
	}
	f, err := userfile.Load(object, userfile.Options{Limit: 1 << 20})
	if err != nil {
		t.Fatal(err)
	}
	s, err := f.Scenario(call)
	if err != nil {
		t.Fatal(err)
	}
	run, err := s.Build("", scenarios.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return run
}

func sweepShadowed(run *scenarios.Run, oracles truth.Oracles, short int, modes ...verdict.Mode) (*RunResult, error) {
	r := newRunner(run, &Options{Walkers: registry.All(), Modes: modes, Jobs: 1})
	r.oracles = oracles
	if short > 0 {
		r.shortSteps, r.chunkSteps = short, 16
	}
	return r.sweep(context.Background())
}

// Where code keeps a shadow call stack, each address that it saves there, and each that it takes back, is what the
// oracles say, whether the run is recorded or streamed in chunks that end in the middle of functions.
func TestWitness(t *testing.T) {
	both := truth.Oracles{truth.Past, truth.Future}
	for call, want := range map[string]int{"outer(1)": 2 * 10, "recurse(5)": 2 * 6, "leaf(1)": 0} {
		for _, short := range []int{0, 32} {
			result, err := sweepShadowed(shadowedRun(t, call), both, short, verdict.StepModes()...)
			if err != nil {
				t.Fatalf("%s: %v", call, err)
			}
			if result.Witnessed != want {
				t.Errorf("%s, recorded up to %d steps: %d addresses were compared, want %d", call, short,
					result.Witnessed, want)
			}
		}
	}
}

// What both oracles get wrong in the same way, the shadow call stack tells; and that it is not kept as it must be.
func TestWitnessDisagrees(t *testing.T) {
	shifted := func(o truth.Oracle) truth.Oracle {
		return func(log truth.Log, facts truth.Facts, under *truth.Base) (*truth.History, error) {
			var edited []truth.Transfer
			for step := range log.Forwards() {
				moved := *step
				switch moved.Kind {
				case emu.Call:
					moved.From += 4
				case emu.Return:
					moved.To += 4
				}
				edited = append(edited, moved)
			}
			return o(truth.Log{edited}, facts, under)
		}
	}
	run := shadowedRun(t, "outer(1)")
	wrong := truth.Oracles{shifted(truth.Past), shifted(truth.Future)}
	if _, err := sweepShadowed(run, wrong, 0, verdict.Sync); !errors.Is(err, truth.ErrConflict) {
		t.Errorf("oracles that are wrong in the same way: error %v, want a conflict", err)
	}
	run.ShadowCalls = scenarios.ShadowCalls{}
	if _, err := sweepShadowed(run, wrong, 0, verdict.Sync); err != nil {
		t.Errorf("nothing else notices: %v", err)
	}
	both := truth.Oracles{truth.Past, truth.Future}
	var conflict *truth.Conflict
	if _, err := sweepShadowed(shadowedRun(t, "liar()"), both, 0, verdict.Sync); !errors.As(err, &conflict) {
		t.Errorf("an address that is no return address: error %v, want a conflict", err)
	}
	var violation *truth.Violation
	if _, err := sweepShadowed(shadowedRun(t, "loser()"), both, 0, verdict.Sync); !errors.As(err, &violation) {
		t.Errorf("X18 isn't what it was: error %v, want a violation", err)
	}
}
