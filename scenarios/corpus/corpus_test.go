// SPDX-License-Identifier: GPL-2.0-only

package corpus

import (
	"bytes"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"stacksweep/internal/testkit"
	"stacksweep/unwind/sframe"
)

// The decoder reads the corpus's tables as readelf does.
func TestSFrameIsWhatReadelfReads(t *testing.T) {
	out, err := exec.Command(filepath.Join(testkit.Binutils(t, "sid"), "readelf"), "--sframe", "corpus.elf").Output()
	if err != nil {
		t.Fatal(err)
	}
	addr, data, ok := Image().Section(".sframe")
	if !ok {
		t.Fatal("the corpus has no .sframe")
	}
	section, err := sframe.Decode(data, addr)
	if err != nil {
		t.Fatal(err)
	}
	var dump bytes.Buffer
	if err := sframe.Dump(&dump, section); err != nil {
		t.Fatal(err)
	}
	fields := func(text string) (lines [][]string) {
		for line := range strings.Lines(text) {
			if f := strings.Fields(line); len(f) > 0 {
				lines = append(lines, f)
			}
		}
		return lines
	}
	if diff := cmp.Diff(fields(string(out)), fields(dump.String())); diff != "" {
		t.Errorf("(-readelf +ours):\n%s", diff)
	}
	if problems := sframe.Verify(data, addr); len(problems) > 0 {
		t.Errorf("%d problems, the first: %v", len(problems), problems[0])
	}
}

func TestTypes(t *testing.T) {
	for _, tt := range []struct {
		name, path string
		want       uint64
	}{
		{"pt_regs", "regs", 0},
		{"pt_regs", "pc", 256},
		{"pt_regs", "stackframe.type", 312}, // through a member
		{"task_struct", "preempt_count", 8}, // in an anonymous union
		{"task_struct", "preempt.need_resched", 12},
		{"ftrace_ret_stack", "retp", 24},
	} {
		if got, err := (Types{}).Offset(tt.name, tt.path); err != nil || got != tt.want {
			t.Errorf("%s.%s: got %d, %v; want %d", tt.name, tt.path, got, err, tt.want)
		}
	}
	if got, err := (Types{}).Size("pt_regs"); err != nil || got != 320 {
		t.Errorf("pt_regs: got %d bytes, %v; want 320", got, err)
	}
	for _, bad := range [][2]string{{"nonsense", "x"}, {"pt_regs", "nonsense"}, {"pt_regs", "pc.x"}} {
		if got, err := (Types{}).Offset(bad[0], bad[1]); err == nil {
			t.Errorf("%s.%s: got %d, want an error", bad[0], bad[1], got)
		}
	}
}

func TestSourceLine(t *testing.T) {
	s, ok := Image().Symbols.Lookup("ftrace_return_to_handler")
	if !ok {
		t.Fatal("no ftrace_return_to_handler")
	}
	if got := SourceLine(s.Addr); !strings.HasPrefix(got, "src/fgraph.c:") {
		t.Errorf("got %q", got)
	}
	if got := SourceLine(0x1000); got != "" {
		t.Errorf("outside the code: got %q", got)
	}
}
