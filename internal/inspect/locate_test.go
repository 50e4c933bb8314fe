// SPDX-License-Identifier: GPL-2.0-only

package inspect

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestLocate(t *testing.T) {
	in := open(t)
	hook := in.Run.Hooks[0]
	for text, want := range map[string]uint64{
		"return_to_handler":       hook,
		" return_to_handler+0x1c": hook + 0x1c,
		"return_to_handler-4":     hook - 4,
		"sp":                      in.At().SP(),
		"sp+16":                   in.At().SP() + 16,
		"pc":                      in.At().PC(),
		"fp":                      in.At().FP(),
		"lr":                      in.At().LR(),
		"0xffff":                  0xffff,
		"ffff800080010000":        0xffff800080010000,
	} {
		if got, err := in.Locate(text); err != nil || got != want {
			t.Errorf("Locate(%q) = %#x, %v; want %#x", text, got, err, want)
		}
	}
	for _, text := range []string{"", "nowhere", "x99", "beef", "sp+", "sp+q", "+4"} {
		if got, err := in.Locate(text); err == nil {
			t.Errorf("Locate(%q) = %#x, no error", text, got)
		}
	}
}

func TestParseWatch(t *testing.T) {
	in := open(t)
	entries, err := in.Locate("tracer_entries")
	if err != nil {
		t.Fatal(err)
	}
	for text, want := range map[string]Watch{
		"tracer_entries":     {"tracer_entries", entries, 8},
		"tracer_entries+4/2": {"tracer_entries+4/2", entries + 4, 2},
		"curr_ret_stack":     {"curr_ret_stack", in.Run.Task.Struct + in.Run.Kernel.Graph.CurrRetStack, 4},
	} {
		got, err := in.ParseWatch(text)
		if d := cmp.Diff(want, got); err != nil || d != "" {
			t.Errorf("ParseWatch(%q): %v (-want +got):\n%s", text, err, d)
		}
	}
	for _, text := range []string{"", "tracer_entries/3", "tracer_entries/x", "0x10", "nowhere/4"} {
		if got, err := in.ParseWatch(text); err == nil {
			t.Errorf("ParseWatch(%q) = %+v, no error", text, got)
		}
	}
}

func TestComplete(t *testing.T) {
	in := open(t)
	if d := cmp.Diff([]string{"ftrace_caller", "ftrace_graph_func", "ftrace_return_to_handler"},
		in.Complete("ftrace_")); d != "" {
		t.Errorf("functions that begin with ftrace_ (-want +got):\n%s", d)
	}
}
