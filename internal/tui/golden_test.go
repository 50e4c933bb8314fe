// SPDX-License-Identifier: GPL-2.0-only

package tui

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"testing"

	"github.com/google/go-cmp/cmp"

	"stacksweep/sweep/registry"
	"stacksweep/sweep/verdict"
)

var update = flag.Bool("update", false, "write the golden screens anew")

type size struct{ w, h int }

var (
	small = []size{{80, 24}}
	both  = []size{{80, 24}, {120, 40}}
)

// TestScreens compares screens with those in testdata. They show step numbers and addresses of the corpus: when that
// is built anew, so must they be, with -update.
func TestScreens(t *testing.T) {
	sync := func(o *Options) { o.Mode = verdict.Sync }
	tour := func(o *Options) { o.Tour = true }
	ascii := func(o *Options) { o.ASCII = true }
	for _, test := range []struct {
		name   string
		sizes  []size
		keys   string
		change func(*Options)
	}{
		{"failing", both, "N", nil},
		{"before-failing", small, "N p", nil},
		{"back-out", small, "N p U", nil},
		{"popped", both, "N w 'curr_ret_stack enter ]", nil},
		{"callback", both, "N enter enter", sync},
		{"no-point", small, "N n", sync},
		{"start", small, "", nil},
		{"end", small, "end", nil},
		{"registers", small, "N z", nil},
		{"stack", small, "N z z", nil},
		{"lists", small, "N z z z", nil},
		{"help", both, "?", nil},
		{"modes", small, "i", nil},
		{"source", both, "N v", func(o *Options) { o.Source = corpusSource }},
		{"cursor", small, "N J J J b J J", nil},
		{"filter", small, "s / 'resched down", nil},
		{"interrupted", small, "N I", nil},
		{"prompt", small, "g 'return_to", nil},
		{"completed", small, "g 'ftr tab", nil},
		{"complaint", small, "p", nil},
		{"copied", small, "N y", nil},
		{"tour", both, "enter enter enter enter enter enter", tour},
		{"ascii", small, "N", ascii},
		{"all-walkers", small, "N", func(o *Options) { o.Walkers = registry.All() }},
		{"too-small", []size{{79, 24}}, "", nil},
	} {
		for _, s := range test.sizes {
			name := fmt.Sprintf("%s-%dx%d", test.name, s.w, s.h)
			t.Run(name, func(t *testing.T) {
				o := options(t, "fgraph/return", verdict.IRQ)
				if test.change != nil {
					test.change(&o)
				}
				golden(t, name, screenText(press(t, startWith(t, o, s.w, s.h), test.keys)))
			})
		}
	}
}

// The screens in docs/interactive.md are those of the tests, in the order in which the text leads to them.
func TestScreensInDocs(t *testing.T) {
	doc, err := os.ReadFile("../../docs/interactive.md")
	if err != nil {
		t.Fatal(err)
	}
	blocks := regexp.MustCompile("(?s)```\n( fgraph/return:mainline@.*?)```").FindAllStringSubmatch(string(doc), -1)
	names := []string{"failing", "before-failing", "back-out"}
	if len(blocks) != len(names) {
		t.Fatalf("%d screens, want %d", len(blocks), len(names))
	}
	for i, name := range names {
		golden, err := os.ReadFile(filepath.Join("testdata", name+"-80x24.txt"))
		if err != nil {
			t.Fatal(err)
		}
		if d := cmp.Diff(string(golden), blocks[i][1]); d != "" {
			t.Errorf("screen %d is not testdata/%s-80x24.txt (-test +document):\n%s", i+1, name, d)
		}
	}
}

func golden(t *testing.T, name, got string) {
	t.Helper()
	file := filepath.Join("testdata", name+".txt")
	if *update {
		if err := os.WriteFile(file, []byte(got), 0o666); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(string(want), got); d != "" {
		t.Errorf("%s; -update writes it anew (-want +got):\n%s", file, d)
	}
}
