// SPDX-License-Identifier: GPL-2.0-only

package leaf

import (
	"bytes"
	"debug/elf"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"stacksweep/internal/testkit"
)

// linkage has as much of the kernel's macros as docs/questions.md builds on: what they are called and take is the
// kernel's (include/linux/linkage.h), what they do here is the least that is needed.
const linkage = `
#define ASM_NL ;
#define SYM_L_GLOBAL(name) .globl name
#define SYM_A_ALIGN .balign 16
#define SYM_T_FUNC 2
#define SYM_START(name, linkage, align) linkage(name) ASM_NL align ASM_NL name:
#define SYM_END(name, kind) .type name, kind ASM_NL .size name, .-name
`

// routines begins with something that makes the next function's alignment pad.
const routines = `
	.text
	nop
SYM_LEAF_FUNC_START(add_one)
	add x0, x0, 1
	ret
SYM_LEAF_FUNC_END(add_one)
SYM_LEAF_FUNC_START(add_two)
	add x0, x0, 2
	ret
SYM_LEAF_FUNC_END(add_two)
`

// The macro that the documents propose describes a function from its label on, landing pad included, and nothing in
// front of it; with the directive before the alignment the description begins in the padding.
func TestMacroOfTheDocuments(t *testing.T) {
	gcc, readelf := testkit.Tool(t, "aarch64-linux-gnu-gcc"), testkit.Tool(t, "aarch64-linux-gnu-readelf")
	text, err := os.ReadFile("../../docs/questions.md")
	if err != nil {
		t.Fatal(err)
	}
	defines := regexp.MustCompile(`(?m)^ *(#define SYM_LEAF_FUNC_.*)$`).FindAllStringSubmatch(string(text), -1)
	if len(defines) != 2 {
		t.Fatalf("the document has %d macros", len(defines))
	}
	proposed := defines[0][1] + "\n" + defines[1][1]
	early := strings.Replace(proposed, "SYM_START(", ".cfi_startproc ASM_NL SYM_START(", 1)
	early = strings.Replace(early, "SYM_A_ALIGN) .cfi_startproc", "SYM_A_ALIGN)", 1)
	for _, tt := range []struct {
		name, macros string
		right        bool
	}{{"proposed", proposed, true}, {"before the alignment", early, false}} {
		t.Run(tt.name, func(t *testing.T) {
			object := filepath.Join(t.TempDir(), "routines.o")
			cmd := exec.Command(gcc, "-c", "-x", "assembler-with-cpp", "-march=armv8.5-a", "-o", object, "-")
			cmd.Stdin = strings.NewReader(linkage + tt.macros + routines)
			if out, err := cmd.CombinedOutput(); err != nil {
				t.Fatalf("%v: %s", err, out)
			}
			frames, err := exec.Command(readelf, "--debug-dump=frames", object).Output()
			if err != nil {
				t.Fatal(err)
			}
			f, err := elf.Open(object)
			if err != nil {
				t.Fatal(err)
			}
			defer f.Close()
			symbols, err := f.Symbols()
			if err != nil {
				t.Fatal(err)
			}
			exact, padded := 0, false
			for _, s := range symbols {
				if !strings.HasPrefix(s.Name, "add_") {
					continue
				}
				padded = padded || s.Value == 16
				if bytes.Contains(frames, fmt.Appendf(nil, "pc=%016x..%016x", s.Value, s.Value+s.Size)) {
					exact++
				}
			}
			if !padded || (exact == 2) != tt.right {
				t.Errorf("%d of 2 functions are described from their label to their end:\n%s", exact, frames)
			}
		})
	}
}
