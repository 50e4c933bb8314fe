// SPDX-License-Identifier: GPL-2.0-only

package blind

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// FuzzSample is a target for [TestTargets], which breaks it on purpose: what happens is asked of the environment.
func FuzzSample(f *testing.F) {
	f.Add([]byte("a seed"), uint8(3))
	f.Add([]byte(""), uint8(0))
	executed := 0
	Fuzz(f, func(t *testing.T, data []byte, n uint8) {
		executed++
		what := os.Getenv("STACKSWEEP_TEST_SAMPLE")
		if executed < 1000 || what == "" {
			if n == 7 {
				t.Skip("not of interest")
			}
			return
		}
		switch what {
		case "error":
			t.Error("wrong")
		case "fatal":
			t.Fatal("wrong")
		case "panic":
			_ = data[:len(data)+cap(data)+1]
		}
	})
}

// A target is executed as often as is asked for, whatever it skips; what it fails of is told, with the input.
func TestTargets(t *testing.T) {
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	for what, want := range map[string]string{
		"":      "blind: execs: 5000\nblind: execs: 5000\n",
		"error": "wrong",
		"fatal": "wrong",
		"panic": "slice bounds out of range",
	} {
		cmd := exec.Command(self, "-test.run", "^FuzzSample$")
		cmd.Env = append(os.Environ(), Env+"=5000", "STACKSWEEP_TEST_SAMPLE="+what)
		cmd.Dir = t.TempDir()
		out, err := cmd.CombinedOutput()
		if (err != nil) != (what != "") || !bytes.Contains(out, []byte(want)) {
			t.Errorf("%q: %v: %s", what, err, out)
		}
		if what == "" {
			continue
		}
		m := regexp.MustCompile(`execution 1000: the input is in (testdata/fuzz/FuzzSample/\w+); to run it again: `).
			FindSubmatch(out)
		if m == nil {
			t.Fatalf("%q: the input isn't told: %s", what, out)
		}
		text, err := os.ReadFile(filepath.Join(cmd.Dir, string(m[1])))
		if err != nil || !bytes.HasPrefix(text, []byte("go test fuzz v1\n[]byte(")) {
			t.Errorf("%q: %q, %v", what, text, err)
		}
	}
}

// Inputs are others than the seed nearly always, differ from each other, and are the same in every run. What the caller
// does with one changes no other.
func TestInputs(t *testing.T) {
	seed := []reflect.Value{reflect.ValueOf([]byte("0123456789")), reflect.ValueOf("text"), reflect.ValueOf(uint16(5)),
		reflect.ValueOf(int32(-5)), reflect.ValueOf(true)}
	list := func(spoil bool) (all []string) {
		c := newChanger(seed, rand.NewPCG(1, 2))
		for range 2000 {
			args := c.next()
			all = append(all, fmt.Sprintf("%q %q %v %v %v", args[0], args[1], args[2], args[3], args[4]))
			if spoil {
				clear(args[0].Bytes())
			}
		}
		return all
	}
	first := list(false)
	if diff := cmp.Diff(first, list(true)); diff != "" {
		t.Errorf("the second time: %s", diff)
	}
	different := map[string]bool{}
	for _, s := range first {
		different[s] = true
	}
	if len(different) < 1500 {
		t.Errorf("%d different inputs", len(different))
	}
	if got := fmt.Sprintf("%q", seed[0]); got != `"0123456789"` {
		t.Errorf("the seed is %s now", got)
	}
}

// An input that fails can be kept as a seed.
func TestInputAsFile(t *testing.T) {
	c := newChanger(
		[]reflect.Value{reflect.ValueOf([]byte("a\x00")), reflect.ValueOf("b"), reflect.ValueOf(uint8(7))},
		rand.NewPCG(1, 1),
	)
	want := "go test fuzz v1\n[]byte(\"a\\x00\")\nstring(\"b\")\nuint8(7)"
	if got := c.String(); got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

// Inputs don't grow without an end.
func TestLength(t *testing.T) {
	c := newChanger([]reflect.Value{reflect.ValueOf(bytes.Repeat([]byte("x"), longestInput))}, rand.NewPCG(3, 4))
	longestSeen := 0
	for end := time.Now().Add(time.Second); time.Now().Before(end); {
		longestSeen = max(longestSeen, c.next()[0].Len())
	}
	if longestSeen > longestInput+drift*256*2 {
		t.Errorf("%d bytes", longestSeen)
	}
	if !strings.HasPrefix(c.String(), "go test fuzz v1\n") {
		t.Error("no input")
	}
}
