// SPDX-License-Identifier: GPL-2.0-only

package gdbstub

import (
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"stacksweep/sweep/verdict"
)

// functions reads a backtrace: the functions and the return addresses. Frame 0 and inlined ones have no address.
func functions(backtrace string) (names []string, addrs []uint64) {
	frame := regexp.MustCompile(`(?m)^#\d+ +(?:(0x[0-9a-f]+) in )?(\S+)`)
	for _, f := range frame.FindAllStringSubmatch(backtrace, -1) {
		names = append(names, f[2])
		if addr, err := strconv.ParseUint(f[1], 0, 64); err == nil {
			addrs = append(addrs, addr)
		}
	}
	return names, addrs
}

// truth returns the true return addresses at a point, and the functions that they are in.
func truth(t *testing.T, s *Stub) (names []string, addrs []uint64) {
	t.Helper()
	p, ok := s.Run.Walk(verdict.NMI, s.Walker)
	if !ok {
		t.Fatal("no point")
	}
	for _, addr := range p.Truth[1:] {
		sym, _ := s.Run.Run.Image.Symbols.At(addr)
		names, addrs = append(names, sym.Name), append(addrs, addr)
	}
	return names, addrs[1:]
}

// TestGDBBacktrace compares gdb's own unwinder with the truth. It knows nothing of the kernel: where a return address
// is hooked, it loses its way.
func TestGDBBacktrace(t *testing.T) {
	g := findGDB(t)

	t.Run("ordinary functions", func(t *testing.T) {
		g := *g
		g.t = t
		// chain_leaf called by chain_4: neither is traced in this scenario.
		s, answers := g.at("chain/plain@0", "break *chain_leaf", "continue", "bt")
		names, addrs := functions(answers[2])
		trueNames, trueAddrs := truth(t, s)
		if len(addrs) > 0 && addrs[0] == s.Run.At().PC() {
			addrs = addrs[1:]
		}
		// Without unwind information it reads prologues, and doesn't get to the outermost frames. As far as it gets, it
		// must be right.
		names, addrs = names[:min(len(names), len(trueNames))], addrs[:min(len(addrs), len(trueAddrs))]
		if len(names) < 4 {
			t.Fatalf("gdb finds %d frames of %d:\n%s", len(names), len(trueNames), answers[2])
		}
		if diff := cmp.Diff(trueNames[:len(names)], names); diff != "" {
			t.Error(diff)
		}
		if diff := cmp.Diff(trueAddrs[:len(names)-1], addrs); diff != "" {
			t.Error(diff)
		}
	})

	t.Run("traced caller", func(t *testing.T) {
		g := *g
		g.t = t
		// chain_4 called by chain_3, which is traced: its frame record holds return_to_handler.
		s, answers := g.at("fgraph/return@0", "break *chain_4+0x18", "continue", "bt")
		names, _ := functions(answers[2])
		trueNames, _ := truth(t, s)
		if diff := cmp.Diff([]string{"chain_4", "chain_3", "chain_2"}, trueNames[:3]); diff != "" {
			t.Fatal(diff)
		}
		if diff := cmp.Diff([]string{"chain_4", "chain_3"}, names[:2]); diff != "" {
			t.Error(diff)
		}
		if slices.Contains(names, "chain_2") {
			t.Errorf("gdb finds the caller of a traced function:\n%s", answers[2])
		}
	})

	t.Run("return handler", func(t *testing.T) {
		g := *g
		g.t = t
		s, answers := g.at("fgraph/return@0", "break *ftrace_return_to_handler", "continue", "bt", "monitor truth")
		names, _ := functions(answers[2])
		trueNames, _ := truth(t, s)
		if diff := cmp.Diff([]string{"ftrace_return_to_handler", "return_to_handler", "chain_4", "chain_3"},
			trueNames[:4]); diff != "" {
			t.Fatal(diff)
		}
		if told, _ := functions(strings.ReplaceAll(answers[3], "  ", " in ")); len(told) != len(trueNames) {
			t.Errorf("monitor truth has %d frames, want %d:\n%s", len(told), len(trueNames), answers[3])
		}
		if diff := cmp.Diff(trueNames[:2], names[:2]); diff != "" {
			t.Error(diff)
		}
		// return_to_handler has no frame record and no unwind information. gdb takes it for its own caller, and so on.
		if slices.Contains(names, "chain_4") {
			t.Errorf("gdb finds the caller beyond the return handler:\n%s", answers[2])
		}
	})
}

// gdb takes a trampoline for its own caller, without end, unless the file with the symbols says that nothing tells the
// caller. The script has no part in it.
func TestGDBBacktraceEnds(t *testing.T) {
	for _, c := range []struct{ point, last string }{
		{"fgraph/return@ftrace_return_to_handler", "return_to_handler"},
		{"fgraph/return@return_to_handler+0x20", "return_to_handler"},
		{"fgraph/return:record@return_to_handler_record+0x2c", "return_to_handler_record"},
		{"fgraph/return:lr@return_to_handler_lr+0x20", "return_to_handler_lr"},
		{"kretprobe/asleep:rethook@rethook_trampoline_handler", "kretprobe_trampoline_rethook"},
		{"kretprobe/asleep:frame@kretprobe_trampoline_handler", "kretprobe_trampoline_frame"},
		{"fgraph/return@137/42", ""},
	} {
		g := findGDB(t)
		g.script = false
		_, answers := g.at(c.point, "set backtrace limit 100", "backtrace", "info frame")
		names, _ := functions(answers[1])
		if len(names) == 0 || len(names) > 30 {
			t.Errorf("%s: a backtrace of %d frames", c.point, len(names))
			continue
		}
		if last := names[len(names)-1]; c.last != "" && last != c.last {
			t.Errorf("%s: the backtrace ends in %s:\n%s", c.point, last, answers[1])
		}
	}
}
