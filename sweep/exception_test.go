// SPDX-License-Identifier: GPL-2.0-only

package sweep

import (
	"slices"
	"strings"
	"testing"

	"stacksweep/internal/testkit/corpustest"
	"stacksweep/scenarios"
	"stacksweep/scenarios/corpus"
	"stacksweep/sweep/registry"
	"stacksweep/sweep/verdict"
	"stacksweep/unwind"
	"stacksweep/unwind/kunwind"
)

// An exception arrives in a way that the masks allow, and where there is another one, not by SDEI.
func TestArrivals(t *testing.T) {
	for variant, want := range map[string]string{"irq": "fiq", "interrupts": "serror", "all": "sdei"} {
		r := sweepTargets(t, []verdict.Target{corpustest.Target(t, "exception/masked:"+variant)}, func(o *Options) {
			keepAll(o)
			o.Walkers, o.Modes = reliableWalkers(t), []verdict.Mode{verdict.IRQ, verdict.NMI}
		})[0]
		ways := map[string]int{}
		for _, p := range r.Points {
			symbol, _ := r.Symbols.Locate(p.PC)
			switch {
			case p.Mode == verdict.IRQ && (p.Masked || p.Exception != "irq"):
				t.Errorf("step %d: an interrupt arrives as %s, masked %v", p.Step, p.Exception, p.Masked)
			case symbol == "start" && p.Masked && p.Exception != "sdei":
				t.Errorf("step %d: everything is masked, and there is an %s", p.Step, p.Exception)
			case strings.HasPrefix(symbol, "chain_"):
				ways[p.Exception]++
			}
		}
		if len(ways) != 1 || ways[want] < 100 {
			t.Errorf("%s: %v, want %s only", variant, ways, want)
		}
	}
}

// In what runs between a fault and its fix-up, and on the overflow stack, walks are exact with SFrame, those of the
// kernel with frame pointers too as far as they don't reach the exception.
func TestFaultAndOverflow(t *testing.T) {
	o := &Options{Walkers: reliableWalkers(t), Modes: verdict.StepModes(), Jobs: 2}
	keepAll(o)
	for _, tt := range []struct {
		name, handler string
		faults        int
	}{
		{"exception/fixup:leaf", "do_mem_abort", 4},
		{"exception/fixup:framed", "do_mem_abort", 4},
		{"exception/fixup:signed", "do_mem_abort", 4},
		{"leaf/copy_to_user:annotated", "do_mem_abort", 12},
		{"exception/overflow:described", "handle_bad_stack", 2},
		{"exception/overflow:signed", "handle_bad_stack", 2},
	} {
		r := sweepRun(t, tt.name, o, func(*scenarios.Run) {})
		entered := 0
		for _, p := range r.Points {
			symbol, offset := r.Symbols.Locate(p.PC)
			if symbol != tt.handler || p.Walker != "sframe" {
				continue
			}
			if offset == 0 && p.Mode == verdict.NMI {
				entered++
			}
			if p.Mode == verdict.Sync && p.Verdict != verdict.Exact {
				t.Errorf("%s, step %d: %v", tt.name, p.Step, p.Verdict)
			}
		}
		if entered != tt.faults {
			t.Errorf("%s: %d faults, want %d", tt.name, entered, tt.faults)
		}
	}
}

// LR is really signed while exceptions of all kinds are taken, and authenticated when it returns: an unwinder that
// forgets to strip reports wrong addresses, and one that doesn't, none.
func TestSignedAddressesWhenTaken(t *testing.T) {
	forgetful := registry.Spec{Name: "forgetful", New: func(run *scenarios.Run) unwind.Walker {
		kernel, profile := *run.Kernel, kunwind.Profiles()[0]
		kernel.PACMask, profile.Name = 0, "forgetful"
		return kunwind.New(profile, &kernel)
	}}
	walkers, err := registry.Find("fp,sframe")
	if err != nil {
		t.Fatal(err)
	}
	o := &Options{Walkers: append(walkers, forgetful), Modes: []verdict.Mode{verdict.IRQ, verdict.NMI}, Jobs: 2,
		Deliver: verdict.Taken}
	keepAll(o)
	for _, name := range []string{"pac/gcc:ret", "exception/fixup:signed", "exception/overflow:signed",
		"exception/masked:signed"} {
		r := sweepRun(t, name, o, func(*scenarios.Run) {})
		if len(r.Deviations) > 0 {
			t.Errorf("%s: %+v", name, r.Deviations[0])
		}
		signed := map[string]int{}
		ways := map[string]bool{}
		for _, p := range r.Points {
			ways[p.Exception] = true
			for _, f := range p.Trace.Frames {
				if f.PC>>48 != 0xffff && f.PC != 0 {
					signed[p.Walker]++
					break
				}
			}
		}
		if signed["forgetful"] < 30 || signed["fp"] > 0 || signed["sframe"] > 0 || !ways["irq"] || !ways["sdei"] {
			t.Errorf("%s: walks with signed addresses: %v; ways %v", name, signed, ways)
		}
	}
}

// With the BRK trampoline no walk that calls itself reliable is wrong, at no instruction, unless the function graph
// tracer loses the trampoline, as it does around it (kretprobe/fgraph) and where it hooked the function first
// (kretprobe/in-fgraph, kretprobe/livepatch): if a walk sees that there was an exception. All of the trampoline's
// handler is masked, and what arrives there is SDEI, which hides that; here it is something that writes a metadata
// record.
func TestBRKTrampolineIsSound(t *testing.T) {
	walkers, err := registry.Find("v6.17,sframe,sframe-detect")
	if err != nil {
		t.Fatal(err)
	}
	o := &Options{Walkers: walkers, Modes: verdict.StepModes(), Jobs: 2}
	keepAll(o)
	for _, target := range verdict.Targets(corpus.All()) {
		if !strings.HasPrefix(target.Scenario.Name, "kretprobe/") ||
			slices.Contains([]string{"kretprobe/fgraph", "kretprobe/in-fgraph", "kretprobe/livepatch"},
				target.Scenario.Name) ||
			target.Variant != "mainline" && target.Variant != "link-first" {
			continue
		}
		r := sweepRun(t, target.String(), o, func(run *scenarios.Run) { run.Unmaskable = nil })
		exact := map[string]int{}
		for _, p := range r.Points {
			name, off := r.Symbols.Locate(p.PC)
			if p.Mode == verdict.Sync && off == 4 && strings.HasPrefix(name, "chain_") {
				continue // the call of ftrace_caller, where LR is not the caller's
			}
			if !p.Verdict.Conforming() {
				t.Errorf("%v: %s %v, %s+%#x at step %d: %v", target, p.Walker, p.Mode, name, off, p.Step, p.Verdict)
			}
			if p.Walker == "sframe" && p.Verdict == verdict.Exact {
				exact[name]++
			}
		}
		for _, f := range []string{"kretprobe_trampoline", "kretprobe_trampoline_handler", "return_handler",
			"recycle_instance"} {
			if exact[f] == 0 {
				t.Errorf("%v: no exact walk in %s", target, f)
			}
		}
	}
}
