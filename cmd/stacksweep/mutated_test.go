// SPDX-License-Identifier: GPL-2.0-only

package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"
)

// TestMutatedFiles shows every verb that reads a user's file files with flipped bits and missing ends: whatever is
// wrong with one, the answer is a report or one line that says so. That are 3,000 answers; STACKSWEEP_MUTATIONS says
// how many mutations of each file are tried instead of 50.
func TestMutatedFiles(t *testing.T) {
	mutations := 50
	if n, err := strconv.Atoi(os.Getenv("STACKSWEEP_MUTATIONS")); err == nil {
		mutations = n
	}
	files := []string{
		"../../scenarios/userfile/testdata/routines.o", "../../scenarios/userfile/testdata/routines.so",
		"../../unwind/tablecheck/testdata/epilogue.o", "../../unwind/tablecheck/testdata/planted.so",
		"../../unwind/cfi/testdata/frames-debug.so", "../../unwind/sframe/testdata/v2-c.elf",
	}
	verbs := [][]string{
		{"sframe", "diff", "../../unwind/tablecheck/testdata/planted.so"},
		{"check", "../../unwind/tablecheck/testdata/planted.so", "-debug"},
		{"leaf", "-summary"}, {"leaf", "-asm"}, {"leaf", "-frame-pointers", "-format", "jsonl"}, {"check", "-v"},
		{"sframe", "check"}, {"sframe", "dump"},
		{"sframe", "convert", "-from-cfi", "-o", filepath.Join(t.TempDir(), "out")},
		{"sweep", "-limit", "2000", "-mode", "irq", "-walker", "cfi,dwarf,fp", "-call", `twice("x")`, "-call",
			"framed(1,2)", "-image"},
	}
	r := rand.New(rand.NewPCG(1, 2))
	path := filepath.Join(t.TempDir(), "mutated")
	statuses := map[int]int{}
	for _, file := range files {
		original, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for n := range mutations {
			data, what := flipped(r, original)
			if n%5 == 0 {
				data = append([]byte(fmt.Sprintf("!<arch>\n%-48s%-10d`\n", "a.o/", len(original))), data...)
				what += ", in an archive"
			}
			if err := os.WriteFile(path, data, 0o666); err != nil {
				t.Fatal(err)
			}
			for _, verb := range verbs {
				var stderr bytes.Buffer
				start := time.Now()
				status := run(context.Background(), append(verb[:len(verb):len(verb)], path), strings.NewReader(""),
					io.Discard, &stderr)
				statuses[status]++
				checkMutated(t, fmt.Sprintf("%s of %s (%s)", verb[0], filepath.Base(file), what), status,
					stderr.String(), time.Since(start))
			}
		}
	}
	t.Logf("answers by exit status: %v", statuses)
	answers := 0
	for _, n := range statuses {
		answers += n
	}
	if want := mutations * len(files) * len(verbs); answers != want {
		t.Errorf("%d answers, want %d", answers, want)
	}
	if statuses[exitOK] == 0 || statuses[exitUsage] == 0 {
		t.Error("the mutations are too strong, or too weak")
	}
}

// flipped flips some bits, or cuts the file off.
func flipped(r *rand.Rand, original []byte) (data []byte, what string) {
	data = bytes.Clone(original)
	if r.IntN(4) == 0 {
		n := r.IntN(len(data))
		return data[:n], fmt.Sprintf("%d bytes", n)
	}
	what = "bits"
	for range 1 + r.IntN(4) {
		at := r.IntN(len(data))
		if r.IntN(2) == 0 { // headers and tables matter more than code
			at = r.IntN(64)
			if r.IntN(2) == 0 {
				at = len(data) - 1 - r.IntN(min(len(data), 2048))
			}
		}
		bit := r.IntN(8)
		data[at] ^= 1 << bit
		what += fmt.Sprintf(" %#x.%d", at, bit)
	}
	return data, what
}

func checkMutated(t *testing.T, what string, status int, stderr string, took time.Duration) {
	t.Helper()
	if status < exitOK || status > exitNothing {
		t.Errorf("%s: exit status %d", what, status)
	}
	lines := strings.Split(strings.TrimSpace(stderr), "\n")
	if status != exitOK && !strings.HasPrefix(lines[0], "stacksweep: ") && !strings.Contains(stderr, "\nstacksweep: ") {
		t.Errorf("%s: exit status %d without a reason: %q", what, status, stderr)
	}
	for _, l := range lines {
		if strings.Contains(l, "panic") || strings.Contains(l, "goroutine ") || len(l) > 2000 {
			t.Errorf("%s: %q", what, l)
		}
	}
	if took > 20*time.Second {
		t.Errorf("%s: %v", what, took)
	}
}
