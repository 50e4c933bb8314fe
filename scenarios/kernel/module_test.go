// SPDX-License-Identifier: GPL-2.0-only

package kernel_test

import (
	"errors"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"stacksweep/image"
	"stacksweep/internal/kernels"
	"stacksweep/internal/testkit"
	"stacksweep/scenarios/kernel"
	"stacksweep/sweep"
	"stacksweep/sweep/verdict"
	"stacksweep/unwind/tablecheck"
)

// withModules loads a kernel of the cache and modules.
func withModules(t *testing.T, c kernels.Entry, modules ...string) (*kernel.Kernel, error) {
	t.Helper()
	im, err := image.Load(c.Image)
	if err != nil {
		t.Fatal(err)
	}
	return kernel.New("own", im, kernel.Modules(modules...))
}

// sweepModules compares the kernel's own unwinder with its model in functions of modules, in all modes, and returns how
// many walks of an interrupt in one of these functions were exact, by walker.
func sweepModules(t *testing.T, k *kernel.Kernel) (exact map[string]int) {
	t.Helper()
	text := map[string]bool{}
	for _, s := range tablecheck.Functions(k.Image()) {
		if s.Addr > k.Image().Segments[0].Addr+112<<20 && !strings.HasPrefix(s.Name, "stub_") {
			text[s.Name] = true
		}
	}
	compared, model := 0, k.Model()
	exact = map[string]int{}
	walkers := "image,sframe"
	if model != "sframe" {
		walkers += "," + model
	}
	for _, target := range verdict.Targets(k.Scenarios()) {
		if filepath.Base(target.Scenario.Name) != "module" {
			continue
		}
		modes := verdict.StepModes()
		if target.Variant == "leaf" { // they are many
			modes = append(modes, verdict.Pairs)
		}
		sweepTarget(t, target, modes, walkers, func(r *sweep.RunResult) {
			n, differences := sweep.Agree(r.Subject, r.Points, model, "image")
			compared += n.Points
			for _, d := range differences[:min(5, len(differences))] {
				t.Errorf("%s@%d, %v: %s", target, d.A.Step, d.A.Mode, d.What)
			}
			for _, p := range r.Points {
				s, _ := r.Symbols.At(p.PC)
				if p.Mode == verdict.IRQ && text[s.Name] && p.Verdict == verdict.Exact {
					exact[p.Walker]++
				}
			}
		})
	}
	if compared == 0 {
		t.Error("nothing was compared")
	}
	return exact
}

// Modules that were built with their kernel are swept with their own SFrame tables.
func TestBuiltModules(t *testing.T) {
	for _, c := range testkit.BuiltKernels(t) {
		files, _ := filepath.Glob(filepath.Join(filepath.Dir(c.Image), "modules", "*.ko"))
		if len(files) == 0 || c.Built.Variant != "" {
			continue
		}
		k, err := withModules(t, c, files...)
		if err != nil {
			t.Fatal(err)
		}
		if exact := sweepModules(t, k)["sframe"]; exact < 20 {
			t.Errorf("%s: %d SFrame walks that begin in a module are exact", c.Series, exact)
		}
		if _, err := withModules(t, c, c.Image); err == nil {
			t.Error("a vmlinux is taken for a module")
		}
		return
	}
	t.Skip("no kernel that was built here has modules")
}

// A kernel's own reader of SFrame finds the tables of the modules that are loaded along with it, by the kernel's own
// look-up.
func TestBuiltReaderOfModules(t *testing.T) {
	forEachBuilt(t, []string{"reader"}, func(t *testing.T, c kernels.Entry, _ *kernel.Kernel) {
		files, _ := filepath.Glob(filepath.Join(filepath.Dir(c.Image), "modules", "*.ko"))
		if len(files) == 0 {
			t.Skip("no kernel that was built here with this variant has modules")
		}
		k, err := withModules(t, c, files...)
		if err != nil {
			t.Fatal(err)
		}
		if exact := sweepModules(t, k); exact["image"] < 20 || exact["image"] != exact["sframe"] {
			t.Errorf("exact walks of interrupts in modules: %v", exact)
		}
	})
}

// A distribution's modules are swept with the kernel that they are of, and with no other.
func TestDistributionModules(t *testing.T) {
	one := testkit.Cached(t, "go run ./tools/modules", "modules", "libchacha.ko")
	release := ""
	for _, c := range testkit.Kernels(t) {
		k, err := withModules(t, c, one)
		switch {
		case errors.Is(err, kernel.ErrModule) && strings.Contains(err.Error(), "and the kernel is "+c.Release):
			continue
		case err != nil:
			t.Fatalf("%s: %v", c.Series, err)
		}
		release = c.Release
		if k.Reliable() {
			sweepModules(t, k)
		}
		uses := filepath.Join(filepath.Dir(one), "libchacha20poly1305.ko")
		if _, err := withModules(t, c, uses); !errors.Is(err, kernel.ErrModule) ||
			!strings.Contains(err.Error(), "poly1305_init") {
			t.Errorf("a module whose symbols are missing: %v", err)
		}
		needed := filepath.Join(filepath.Dir(one), "libpoly1305.ko")
		k, err = withModules(t, c, one, needed, uses)
		if err != nil {
			t.Fatal(err)
		}
		if !slices.Contains(names(k), "kernel/own/module") {
			t.Error("there is no scenario of modules")
		}
	}
	if release == "" {
		t.Skip("no such kernel is in the cache: that of the modules")
	}
}
