// SPDX-License-Identifier: GPL-2.0-only

package flow

import (
	"bufio"
	"debug/elf"
	"encoding/binary"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "rebuild the objects in testdata from their sources")

// crossCC is the compiler of the test objects, which are committed.
const crossCC = "aarch64-linux-gnu-gcc"

func compile(t *testing.T, out string, args ...string) {
	t.Helper()
	if text, err := exec.Command(crossCC, append([]string{"-o", out}, args...)...).CombinedOutput(); err != nil {
		t.Fatalf("%s: %v\n%s", crossCC, err, text)
	}
}

// A handCase is a function of hand.S with what its author says of each instruction.
type handCase struct {
	name string
	want []string
}

// readHand reads the functions and expectations of hand.S.
func readHand(t *testing.T) []handCase {
	t.Helper()
	f, err := os.Open(filepath.Join("testdata", "src", "hand.S"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	var cases []handCase
	start := regexp.MustCompile(`^function (\w+)`)
	for lines := bufio.NewScanner(f); lines.Scan(); {
		if m := start.FindStringSubmatch(lines.Text()); m != nil {
			cases = append(cases, handCase{name: m[1]})
		}
		if _, want, ok := strings.Cut(lines.Text(), "//= "); ok {
			c := &cases[len(cases)-1]
			c.want = append(c.want, want)
		}
	}
	return cases
}

// shorthand writes what is known of an instruction as hand.S does.
func shorthand(r *Row) string {
	switch r.How {
	case Unreached:
		return "?"
	case Filler:
		return "."
	}
	short := func(v Value) string {
		switch v.Kind {
		case Unknown:
			return "-"
		case Foreign:
			return "x"
		case CallerFP:
			return "fp"
		case CallerRA:
			return "ra"
		case SignedRA:
			return "sra"
		}
		return v.String()
	}
	text := fmt.Sprintf("%s %s %s", short(r.SP), short(r.X29), short(r.X30))
	if r.How == Inferred {
		text = "~ " + text
	}
	var saved []string
	for _, s := range r.Saved {
		saved = append(saved, fmt.Sprintf("%d %s", s.Offset, short(s.Value)))
	}
	if len(saved) > 0 {
		text += " [" + strings.Join(saved, ", ") + "]"
	}
	return text
}

func TestHandWritten(t *testing.T) {
	object := filepath.Join("testdata", "hand.o")
	if *update {
		compile(t, object, "-c", filepath.Join("testdata", "src", "hand.S"))
	}
	file, err := elf.Open(object)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	text, err := file.Section(".text").Data()
	if err != nil {
		t.Fatal(err)
	}
	linkCalls(t, file, text)
	symbols, err := file.Symbols()
	if err != nil {
		t.Fatal(err)
	}
	at := map[string]elf.Symbol{}
	for _, s := range symbols {
		at[s.Name] = s
	}
	cases := readHand(t)
	if len(cases) < 20 {
		t.Fatalf("only %d cases", len(cases))
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			s, ok := at[c.name]
			if !ok {
				t.Fatal("not in the object; run with -update")
			}
			f := Analyze(text[s.Value:s.Value+s.Size], s.Value)
			var got []string
			for o := uint32(0); o < f.Size; o += 4 {
				got = append(got, shorthand(f.Row(o)))
			}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
		})
	}
}

// linkCalls fills in the branches to other functions of the object, which the assembler leaves to the linker.
func linkCalls(t *testing.T, file *elf.File, text []byte) {
	t.Helper()
	section := file.Section(".rela.text")
	if section == nil {
		return
	}
	data, err := section.Data()
	if err != nil {
		t.Fatal(err)
	}
	symbols, err := file.Symbols()
	if err != nil {
		t.Fatal(err)
	}
	for ; len(data) >= 24; data = data[24:] {
		offset, info := binary.LittleEndian.Uint64(data), binary.LittleEndian.Uint64(data[8:])
		addend := binary.LittleEndian.Uint64(data[16:])
		target := symbols[info>>32-1].Value + addend
		word := binary.LittleEndian.Uint32(text[offset:])
		binary.LittleEndian.PutUint32(text[offset:], word|uint32(int64(target-offset)/4)&0x3ffffff)
	}
}

func TestClassOfHandWritten(t *testing.T) {
	want := map[string]string{
		"leaf":                  "leaf",
		"framed":                "framed +0x4 makes a frame record",
		"signed":                "framed +0x8 makes a frame record",
		"signed_b_retab":        "other +0x8 calls without a frame record",
		"big_frame":             "other +0x10 writes X30",
		"alloca":                "framed +0x4 makes a frame record",
		"in_preserved_register": "other +0x4 calls without a frame record",
		"two_paths":             "other +0x8 calls without a frame record",
		"paths_disagree":        "other +0x8 makes SP unknown",
		"loop":                  "leaf-moves-sp +0x0 moves SP",
		"tail_call":             "other +0x4 calls without a frame record",
		"jump_table":            "framed +0x4 makes a frame record",
		"patched_branch":        "framed +0x4 makes a frame record",
		"literal_pool":          "leaf",
		"stack_switch":          "framed +0x4 makes a frame record",
		"slot_overwritten":      "other +0x1c returns in another state than on entry",
		"lookalikes":            "other +0x34 makes SP unknown",
		"shadow_call_stack":     "framed +0x8 makes a frame record",
		"get_pc":                "other +0x8 returns in another state than on entry",
	}
	file, err := elf.Open(filepath.Join("testdata", "hand.o"))
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	text, err := file.Section(".text").Data()
	if err != nil {
		t.Fatal(err)
	}
	linkCalls(t, file, text)
	symbols, err := file.Symbols()
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]string{}
	for _, s := range symbols {
		if want[s.Name] == "" {
			continue
		}
		c := Analyze(text[s.Value:s.Value+s.Size], s.Value).Class
		got[s.Name] = c.Class.String()
		if c.At != AtEntry {
			got[s.Name] += fmt.Sprintf(" %+#x %s", c.At, c.Why)
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}
