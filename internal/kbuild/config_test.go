// SPDX-License-Identifier: GPL-2.0-only

package kbuild

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestCheckConfig(t *testing.T) {
	options, err := parseOptions(Fragment{"options", "A=y # why\n\n# comment\nB=n\n?C=y\nCONFIG_D=\"x\"\n"})
	if err != nil {
		t.Fatal(err)
	}
	if got, want := fragment(options), "CONFIG_A=y\n# CONFIG_B is not set\nCONFIG_C=y\nCONFIG_D=\"x\"\n"; got != want {
		t.Errorf("fragment %q, want %q", got, want)
	}
	for _, tt := range []struct {
		name, config string
		without      []string
		lost         []string // names in the error; nil: none
	}{
		{"all there", "CONFIG_A=y\nCONFIG_C=y\nCONFIG_D=\"x\"\n", nil, nil},
		{"and more", "CONFIG_A=y\nCONFIG_AA=n\nCONFIG_C=y\nCONFIG_D=\"x\"\n# CONFIG_B is not set\n", nil, nil},
		{"without what may be missing", "CONFIG_A=y\nCONFIG_D=\"x\"\n", []string{"C"}, nil},
		{"one that did not survive", "CONFIG_C=y\nCONFIG_D=\"x\"\n", nil, []string{"A is n, not y"}},
		{"one that came back", "CONFIG_A=y\nCONFIG_B=y\nCONFIG_D=\"x\"\n", nil, []string{"B is y, not n"}},
		{"another value, and a comment that isn't one", "#CONFIG_A=y\nCONFIG_D=\"y\"\n", nil,
			[]string{"A is n, not y", `D is "y", not "x"`}},
		{"an option that is declared nowhere", "CONFIG_A=y\n", nil, []string{"D is in no Kconfig file of this source"}},
		{"a module is not built in", "CONFIG_A=m\nCONFIG_D=\"x\"\n", nil, []string{"A is m, not y"}},
	} {
		without, err := checkConfig(tt.config, options, false, func(name string) bool { return name != "D" })
		if (err != nil) != (tt.lost != nil) {
			t.Errorf("%s: error %v, want %q", tt.name, err, tt.lost)
			continue
		}
		for _, want := range tt.lost {
			if !strings.Contains(err.Error(), want) {
				t.Errorf("%s: error %v doesn't say %q", tt.name, err, want)
			}
		}
		if diff := cmp.Diff(tt.without, without); err == nil && diff != "" {
			t.Errorf("%s: without (-want +got):\n%s", tt.name, diff)
		}
	}
	for _, bad := range []string{"A", "=y", "A=", "?"} {
		if _, err := parseOptions(Fragment{"options", bad}); err == nil ||
			!strings.HasPrefix(err.Error(), "options:1: ") {
			t.Errorf("options %q: error %v", bad, err)
		}
	}
}

// The options that come along say what a kernel needs that is swept here.
func TestOptions(t *testing.T) {
	options, err := parseOptions(Fragment{"base", baseFragment})
	if err != nil {
		t.Fatal(err)
	}
	seen := map[string]bool{}
	for _, o := range options {
		if seen[o.name] {
			t.Errorf("%s is there twice", o.name)
		}
		seen[o.name] = true
	}
}

func TestNewestSource(t *testing.T) {
	for want, names := range map[string][]string{
		"linux-source-7.10": {"linux-source-6.1", "linux-source-7.10", "linux-source-7.9"},
		"linux-source-6.1":  {"linux-source", "linux-source-6.1", "linux-source-7.3-rt", "other"},
		"":                  {"linux-source"},
	} {
		if got := newestSource(names); got != want {
			t.Errorf("newest of %v: %q, want %q", names, got, want)
		}
	}
}

// A build is another one as soon as anything that goes into it is.
func TestKey(t *testing.T) {
	keyOf := func(change func(b *builder)) string {
		b := &builder{source: source{Package: "linux-source-7.3", Version: "1"}, tools: tools{versions: "gcc 12\n"},
			header: "h"}
		change(b)
		return mustKey(t, b, "edits")
	}
	plain := keyOf(func(*builder) {})
	if again := keyOf(func(*builder) {}); again != plain {
		t.Error("the key of the same build differs")
	}
	keys := map[string]string{plain: "nothing"}
	for name, change := range map[string]func(b *builder){
		"version":  func(b *builder) { b.source.Version = "2" },
		"package":  func(b *builder) { b.source.Package = "linux-source-7.31"; b.source.Version = "" },
		"compiler": func(b *builder) { b.tools.versions = "gcc 16\n" },
		"header":   func(b *builder) { b.header = "" },
		"patch":    func(b *builder) { b.patches = []Patch{{Diff: []byte("x")}} },
		"option":   func(b *builder) { b.options = []option{{name: "A", value: "y"}} },
		"base":     func(b *builder) { b.Config.Base = "defconfig" },
		"folder":   func(b *builder) { b.source.local, b.source.content = true, "1" },
		"contents": func(b *builder) { b.source.local, b.source.content = true, "2" },
	} {
		key := keyOf(change)
		if other, ok := keys[key]; ok {
			t.Errorf("%s and %s have the same key", name, other)
		}
		keys[key] = name
	}
	b := &builder{source: source{Package: "linux-source-7.3", Version: "1"}, tools: tools{versions: "gcc 12\n"},
		header: "h"}
	if mustKey(t, b, "edit") == plain {
		t.Error("other edits have the same key")
	}
	// Where the cache is doesn't matter.
	b.dir = "/elsewhere"
	if mustKey(t, b, "edits") != plain {
		t.Error("the key depends on the folder")
	}
}

func mustKey(t *testing.T, b *builder, edits string) string {
	t.Helper()
	key, err := b.key(edits)
	if err != nil {
		t.Fatal(err)
	}
	return key
}
