// SPDX-License-Identifier: GPL-2.0-only

package kernels

import (
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// Kernels that were built are listed after those of distributions, found by name, and replaced by later ones of their
// name, whose files are all that is left.
func TestInstall(t *testing.T) {
	dir := tempCache(t)
	from := filepath.Join(t.TempDir(), "from")
	install := func(k Entry, contents string) Entry {
		t.Helper()
		if err := os.WriteFile(from, []byte(contents), 0o644); err != nil {
			t.Fatal(err)
		}
		k, err := Install(k, Files{Vmlinux: from, Config: from, Boot: from, Modules: []string{from}})
		if err != nil {
			t.Fatal(err)
		}
		return k
	}
	install(Entry{Series: "7.3-sframe-gcc16", Release: "7.3.4-sframe-gcc16", Built: &Built{Key: "1"}}, "16")
	install(Entry{Series: "7.3-sframe-gcc12", Release: "7.3.4-sframe-gcc12", Built: &Built{Key: "1"}}, "old")
	install(Entry{Series: "7.9", Release: "7.9.1-cloud-arm64"}, "fetched")
	fresh := install(Entry{Series: "7.3-sframe-gcc12", Release: "7.3.5-sframe-gcc12", Built: &Built{Key: "2"}}, "new")

	names := func(list []Entry, err error) (names []string) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		for _, k := range list {
			names = append(names, k.Series)
		}
		return names
	}
	built := []string{"7.3-sframe-gcc12", "7.3-sframe-gcc16"}
	for _, tt := range []struct{ want, got []string }{
		{append([]string{"7.9"}, built...), names(List())},
		{[]string{"7.9"}, names(Fetched())},
		{built, names(BuiltHere())},
	} {
		if diff := cmp.Diff(tt.want, tt.got); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
	}
	got, err := Info("7.3-sframe-gcc12")
	if diff := cmp.Diff(fresh, got); err != nil || diff != "" {
		t.Errorf("Info: %v (-installed +found):\n%s", err, diff)
	}
	if text, err := os.ReadFile(got.Image); err != nil || string(text) != "new" {
		t.Errorf("its file holds %q, %v", text, err)
	}
	for _, path := range []string{got.Boot, filepath.Join(got.Modules, "from")} {
		if text, err := os.ReadFile(path); err != nil || string(text) != "new" {
			t.Errorf("%s holds %q, %v", path, text, err)
		}
	}
	if _, err := os.Stat(filepath.Join(dir, "7.3.4-sframe-gcc12")); !os.IsNotExist(err) {
		t.Errorf("the older one is still there: %v", err)
	}
	if _, err := Install(Entry{Series: "x", Release: "x"},
		Files{Vmlinux: filepath.Join(dir, "missing"), Config: from}); !os.IsNotExist(err) {
		t.Errorf("a missing file: %v", err)
	}
	if err := Remove("7.3-sframe-gcc12"); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(filepath.Dir(got.Image)); !os.IsNotExist(err) {
		t.Errorf("what was removed is still there: %v", err)
	}
	if diff := cmp.Diff([]string{"7.9", "7.3-sframe-gcc16"}, names(List())); diff != "" {
		t.Errorf("after one was removed (-want +got):\n%s", diff)
	}
	if err := Remove("7.3-sframe-gcc12"); !errors.Is(err, ErrNotFetched) {
		t.Errorf("removed again: %v", err)
	}
}
