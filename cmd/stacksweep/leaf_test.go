// SPDX-License-Identifier: GPL-2.0-only

package main

import (
	"bytes"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"stacksweep/internal/testkit"
)

// Functions that are patched for the CPU that a kernel runs on are told, where the file says which they are.
func TestLeafAlternatives(t *testing.T) {
	as := testkit.Tool(t, "aarch64-linux-gnu-as")
	const code = `
	.text
	.globl plain, patched
	.type plain, %function
	.type patched, %function
plain:	mov x0, #1
	ret
	.size plain, . - plain
patched:
1:	nop
2:	nop
	ret
	.size patched, . - patched
	.data
somewhere: .quad 0
	.section .altinstructions, "a"
`
	entry := func(from string) string {
		return "\t.word " + from + " - ., 3f - .\n\t.hword 5\n\t.byte 4, 4\n3:\n"
	}
	for _, tt := range []struct {
		name, section string
		code          int
		want          string
	}{
		{"two places, one of them twice", entry("1b") + entry("1b") + entry("2b"), exitOK, "alternatives at 2 places"},
		{"none", "", exitOK, "No alternatives are patched in.\n"},
		{"half an entry", entry("1b") + "\t.word 0\n", exitUsage, ".altinstructions: 16 bytes are no multiple of 12"},
		{"an entry about data", entry("somewhere"), exitUsage, "which is no code"},
	} {
		object := filepath.Join(t.TempDir(), "object.o")
		cmd := exec.Command(as, "-o", object, "-")
		cmd.Stdin = strings.NewReader(code + tt.section)
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("%s: %v\n%s", tt.name, err, out)
		}
		var stdout, stderr bytes.Buffer
		if code := run(t.Context(), []string{"leaf", object}, nil, &stdout, &stderr); code != tt.code {
			t.Errorf("%s: exit status %d, want %d", tt.name, code, tt.code)
		}
		if text := stdout.String() + stderr.String(); !strings.Contains(text, tt.want) {
			t.Errorf("%s: no %q in\n%s", tt.name, tt.want, text)
		}
		for line := range strings.Lines(stdout.String()) {
			if strings.Contains(line, " plain ") && strings.Contains(line, "alternatives") {
				t.Errorf("%s: %s", tt.name, line)
			}
		}
	}
}
