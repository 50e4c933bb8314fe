// SPDX-License-Identifier: GPL-2.0-only

package flow

import (
	"debug/elf"
	"os/exec"
	"path/filepath"
	"testing"

	"stacksweep/internal/testkit"
)

// kinds assembles testdata/src/kinds.S and returns the code of its functions by name.
func kinds(t *testing.T) map[string][]byte {
	t.Helper()
	out := filepath.Join(t.TempDir(), "kinds.o")
	testkit.Tool(t, "aarch64-linux-gnu-as")
	if text, err := exec.Command("aarch64-linux-gnu-as", "-o", out,
		"testdata/src/kinds.S").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, text)
	}
	file, err := elf.Open(out)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	code, err := file.Section(".text").Data()
	if err != nil {
		t.Fatal(err)
	}
	symbols, err := file.Symbols()
	if err != nil {
		t.Fatal(err)
	}
	all := map[string][]byte{}
	for _, s := range symbols {
		if elf.ST_TYPE(s.Info) == elf.STT_FUNC {
			all[s.Name] = code[s.Value : s.Value+s.Size]
		}
	}
	return all
}

func TestKinds(t *testing.T) {
	all := kinds(t)
	for _, tt := range []struct {
		name  string
		class Class
		at    int32
		why   string
	}{
		{"arm_with_epilogue", Framed, 4, "makes a frame record"},
		{"go_framed", Framed, 8, "makes a frame record that begins below SP"},
		{"go_grows", Framed, 20, "makes a frame record that begins below SP"},
		{"go_large", Framed, 12, "makes a frame record that begins below SP"},
		{"go_leaf", Other, 20, "returns in another state than on entry"},
		{"apart_too_far", Other, 8, "overwrites X30 without a frame record"},
		{"hardened", Leaf, AtEntry, ""},
		{"lost_below_sp", Other, 12, "returns in another state than on entry"},
	} {
		f := Analyze(all[tt.name], 0)
		if c := f.Class; c.Class != tt.class || c.At != tt.at || c.Why != tt.why || c.Unreached != 0 {
			t.Errorf("%s: %v +%#x %q, %d unreached; want %v +%#x %q", tt.name, c.Class, c.At, c.Why, c.Unreached,
				tt.class, tt.at, tt.why)
		}
	}
}

// TestGo makes sure that what Go's functions do once, and in between, is told.
func TestGo(t *testing.T) {
	all := kinds(t)
	for name, want := range map[string][2]bool{"go_grows": {true, true}, "go_large": {false, false}} {
		c := Analyze(all[name], 0).Class
		if got := [2]bool{c.GrowsStack, c.RestoresApart}; got != want {
			t.Errorf("%s grows its stack, restores X29 and X30 apart: %v, want %v", name, got, want)
		}
	}
}

// TestNeverRun makes sure that no rule is held against what is never executed, and none is called undecided there.
func TestNeverRun(t *testing.T) {
	f := Analyze(kinds(t)["hardened"], 0)
	verdicts := map[Verdict]uint32{}
	for _, j := range f.Compare(nil, 0, f.Size, AnnotatedLeaf) {
		verdicts[j.Verdict] += (j.To - j.From) / 4
	}
	if verdicts[Agrees] != 4 || verdicts[NeverRun] != 3 || len(verdicts) != 2 {
		t.Errorf("instructions by verdict: %v, want 4 that agree and 3 that never run", verdicts)
	}
}

// TestReplacedNOPs makes sure that NOPs for which an alternative exists aren't taken for ftrace's.
func TestReplacedNOPs(t *testing.T) {
	code := kinds(t)["traced"]
	analyze := func(known *Facts) bool {
		list := Program([]Range{{End: uint64(len(code))}}, func(start, end uint64) []byte {
			return code[start:end]
		}, known)
		return list[0].Class.Patchable
	}
	if !analyze(nil) {
		t.Error("two NOPs aren't taken for a patch site")
	}
	if analyze(&Facts{Patches: []Patch{{Addr: 4, Falls: true}}}) {
		t.Error("an alternative's NOP is taken for ftrace's")
	}
}
