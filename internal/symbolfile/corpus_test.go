// SPDX-License-Identifier: GPL-2.0-only

package symbolfile

import (
	"bytes"
	"debug/dwarf"
	"debug/elf"
	"testing"

	"github.com/google/go-cmp/cmp"

	"stacksweep/image"
	"stacksweep/scenarios/corpus"
	"stacksweep/unwind/cfi"
)

// starts returns the functions that DWARF describes, by where they begin.
func starts(t *testing.T, file []byte) map[uint64]string {
	t.Helper()
	_, all, err := readDWARF(file)
	if err != nil {
		t.Fatal(err)
	}
	found := map[uint64]string{}
	for r := all.Reader(); ; {
		die, err := r.Next()
		if err != nil {
			t.Fatal(err)
		}
		if die == nil {
			return found
		}
		if low, ok := die.Val(dwarf.AttrLowpc).(uint64); ok && die.Tag == dwarf.TagSubprogram {
			name, _ := die.Val(dwarf.AttrName).(string)
			found[low] = name
		}
	}
}

// Every function begins where its symbol is, those with room for a tracer's call too.
func TestCorpusFunctionsBeginAtSymbols(t *testing.T) {
	file, err := Corpus("/some/where")
	if err != nil {
		t.Fatal(err)
	}
	moved := 0
	for low := range starts(t, file) {
		if s, ok := corpus.Image().Symbols.At(low); !ok || s.Addr != low {
			t.Errorf("a function begins at %#x, in %s", low, s.Name)
		}
	}
	for low := range starts(t, corpus.ELF()) {
		if s, _ := corpus.Image().Symbols.At(low); s.Addr != low {
			moved++
		}
	}
	if moved == 0 {
		t.Error("in the corpus all functions begin at their symbols: nothing was to be done")
	}
}

// The trampolines have no caller, and everything else is as it was.
func TestCorpusEndsAtTrampolines(t *testing.T) {
	file, err := Corpus("/some/where")
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, s := range trampolines(corpus.Image()) {
		names = append(names, s.Name)
	}
	want := []string{
		"return_to_handler", "return_to_handler_pop_first", "return_to_handler_record", "return_to_handler_slot",
		"return_to_handler_two_calls",
		"return_to_handler_lr", "kretprobe_trampoline", "kretprobe_trampoline_frame", "kretprobe_trampoline_rethook",
	}
	if d := cmp.Diff(want, names); d != "" {
		t.Errorf("trampolines (-want +got):\n%s", d)
	}
	before, after := frames(t, corpus.ELF()), frames(t, file)
	if len(after) != len(before)+len(want) {
		t.Errorf("%d FDEs, were %d", len(after), len(before))
	}
	for _, s := range trampolines(corpus.Image()) {
		if _, ok := before[s.Addr-1]; ok {
			t.Errorf("%s had an FDE already", s.Name)
		}
		if size := after[s.Addr-1]; size != s.Size+1 {
			t.Errorf("%s: an FDE of %d bytes, want %d", s.Name, size, s.Size+1)
		}
	}
}

// frames returns the sizes of what the FDEs in .debug_frame cover, by address.
func frames(t *testing.T, file []byte) map[uint64]uint64 {
	t.Helper()
	f, err := elf.NewFile(bytes.NewReader(file))
	if err != nil {
		t.Fatal(err)
	}
	data, err := f.Section(".debug_frame").Data()
	if err != nil {
		t.Fatal(err)
	}
	table, err := cfi.Parse(data, 0, cfi.DebugFrame)
	if err != nil {
		t.Fatal(err)
	}
	found := map[uint64]uint64{}
	for _, fde := range table.FDEs {
		found[fde.Start] = fde.End - fde.Start
	}
	return found
}

// Make describes the functions of an image, and what a backtrace ends in.
func TestMakeDescribesFunctions(t *testing.T) {
	im := corpus.Image()
	hook, _ := im.Symbols.Lookup("return_to_handler")
	file := Make(im, hook.Addr)
	described := starts(t, file)
	for s := range im.Symbols.All() {
		chosen, _ := im.Symbols.At(s.Addr)
		if s.Kind == image.Func && chosen.Name == s.Name && described[s.Addr] != s.Name {
			t.Errorf("%#x is %q, want %s", s.Addr, described[s.Addr], s.Name)
		}
	}
	if d := cmp.Diff(map[uint64]uint64{hook.Addr - 1: hook.Size + 1}, frames(t, file)); d != "" {
		t.Error(d)
	}
}

// The same sources give the same bytes: the file is named after them.
func TestCorpusIsReproducible(t *testing.T) {
	first, err := Corpus("/src")
	if err != nil {
		t.Fatal(err)
	}
	for range 20 {
		if again, err := Corpus("/src"); err != nil || !bytes.Equal(first, again) {
			t.Fatalf("made again it has other bytes (error %v)", err)
		}
	}
}
