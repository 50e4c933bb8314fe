// SPDX-License-Identifier: GPL-2.0-only

package kbuild

import (
	"debug/elf"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"testing"

	"stacksweep/internal/testkit"

	"github.com/google/go-cmp/cmp"
)

// linkage stands in for the kernel's include/linux/linkage.h.
const linkage = `
#define SYM_L_GLOBAL(name) .globl name
#define SYM_L_LOCAL(name)
#define SYM_L_WEAK(name) .weak name
#define SYM_A_ALIGN .balign 16
#define SYM_A_NONE
#define SYM_T_FUNC STT_FUNC
#define SYM_START(name, linkage, align) linkage(name) ; align ; name:
#define SYM_END(name, kind) .type name kind ; .size name, .-name
#define SYM_CODE_START(name) SYM_START(name, SYM_L_GLOBAL, SYM_A_ALIGN)
#define SYM_CODE_END(name) .size name, .-name
#define SYM_FUNC_START(name) the header should have replaced this
`

const assembly = `
SYM_FUNC_START(first)
	nop
	ret
SYM_FUNC_END(first)
SYM_CODE_START(code)
	nop
SYM_CODE_END(code)
SYM_FUNC_START_LOCAL_NOALIGN(second)
	nop
	nop
	ret
SYM_FUNC_END(second)
	.macro third_function name
SYM_FUNC_START_WEAK(\name)
	ret
SYM_FUNC_END(\name)
	.endm
	third_function third
SYM_FUNC_START(outer)
	nop
SYM_FUNC_START(inner)
	ret
SYM_FUNC_END(inner)
SYM_FUNC_END(outer)
	.section .init.text, "ax"
SYM_FUNC_START(fourth)
	ret
SYM_FUNC_END(fourth)
`

// The header annotates functions from their first instruction, the landing pad, to their last, in all forms that
// assembly begins them in; and only those that are asked for.
func TestHeader(t *testing.T) {
	gcc := testkit.Tool(t, "aarch64-linux-gnu-gcc")
	for _, tt := range []struct {
		name       string
		annotation Annotation
		names      []string
		want       []string
	}{
		{"all", AnnotateAll, nil, []string{"first+12", "fourth+8", "inner+8", "outer+16", "second+16", "third+8"}},
		{"some", AnnotateLeaves, []string{"third", "first", "missing", "x1", "x2", "x3", "inner"},
			[]string{"first+12", "inner+8", "third+8"}},
		{"one that holds another", AnnotateLeaves, []string{"outer"}, []string{"outer+16"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			dir := t.TempDir()
			for name, text := range map[string]string{"linux/linkage.h": linkage, "a.S": assembly,
				"h.h": header(tt.annotation, tt.names)} {
				path := filepath.Join(dir, name)
				if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
					t.Fatal(err)
				}
				if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			object := filepath.Join(dir, "a.o")
			out, err := exec.Command(gcc, "-I"+dir, "-include", filepath.Join(dir, "h.h"), "-c", "-o", object,
				filepath.Join(dir, "a.S")).CombinedOutput()
			if err != nil {
				t.Fatalf("%v: %s", err, out)
			}
			if diff := cmp.Diff(tt.want, described(t, object)); diff != "" {
				t.Errorf("functions with unwind information, and their size (-want +got):\n%s", diff)
			}
		})
	}
	if got := header(AnnotateNone, nil); len(got) > 60 {
		t.Errorf("nothing to annotate is %q", got)
	}
}

// described names the functions of an object that .eh_frame has an FDE of, by its relocations, with its length.
func described(t *testing.T, object string) (names []string) {
	t.Helper()
	f, err := elf.Open(object)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	symbols, err := f.Symbols()
	if err != nil {
		t.Fatal(err)
	}
	eh, err := f.Section(".eh_frame").Data()
	if err != nil {
		t.Fatal(err)
	}
	rela, err := f.Section(".rela.eh_frame").Data()
	if err != nil {
		t.Fatal(err)
	}
	for ; len(rela) >= 24; rela = rela[24:] {
		at, info, addend := f.ByteOrder.Uint64(rela), f.ByteOrder.Uint64(rela[8:]), f.ByteOrder.Uint64(rela[16:])
		in := symbols[info>>32-1]
		length := f.ByteOrder.Uint32(eh[at+4:])
		for _, s := range symbols {
			if s.Section == in.Section && s.Value == in.Value+addend && s.Name != "" &&
				elf.ST_TYPE(s.Info) == elf.STT_FUNC {
				names = append(names, fmt.Sprintf("%s+%d", s.Name, length))
			}
		}
	}
	slices.Sort(names)
	return names
}
