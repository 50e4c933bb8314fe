// SPDX-License-Identifier: GPL-2.0-only

package kernels

import (
	"archive/tar"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// fakeMirror puts an apt before the machine's own that has a few small packages, by name: the files in each.
func fakeMirror(t *testing.T, version string, packages map[string]map[string]string) {
	t.Helper()
	dir := t.TempDir()
	var names strings.Builder
	for name, files := range packages {
		fmt.Fprintln(&names, name)
		var archive bytes.Buffer
		w := tar.NewWriter(&archive)
		for path, contents := range files {
			if err := w.WriteHeader(&tar.Header{Name: "." + path, Typeflag: tar.TypeReg, Mode: 0o644,
				Size: int64(len(contents))}); err != nil {
				t.Fatal(err)
			}
			if _, err := w.Write([]byte(contents)); err != nil {
				t.Fatal(err)
			}
		}
		w.Close()
		if err := os.WriteFile(filepath.Join(dir, name+".deb"), archive.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.WriteFile(filepath.Join(dir, "names"), []byte(names.String()), 0o644); err != nil {
		t.Fatal(err)
	}
	for name, script := range map[string]string{
		"apt-get": `case "$1 $2" in
indextargets*) echo http://mirror.test/debian bookworm Debian; echo http://mirror.test/security bookworm-security Debian-Security ;;
"-q update") ;;
"-q download") for p; do p=${p%%=*}; test ! -e DIR/$p.deb || { echo $p >>DIR/downloads; cp DIR/$p.deb .; }; done ;;
esac`,
		"apt-cache": `case $1 in
pkgnames) grep "^$2" DIR/names; true ;;
show) echo "Package: $3"; echo "Version: ` + version + `" ;;
esac`,
		"dpkg-deb": `test "$1" = --fsys-tarfile && cat "$2"`,
	} {
		text := "#!/bin/sh\n" + strings.ReplaceAll(script, "DIR", dir) + "\n"
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	t.Setenv("PATH", dir+":"+os.Getenv("PATH"))
	t.Setenv("FAKE_MIRROR", dir)
}

// downloads lists what was downloaded from the fake mirror.
func downloads(t *testing.T) string {
	t.Helper()
	list, err := os.ReadFile(filepath.Join(os.Getenv("FAKE_MIRROR"), "downloads"))
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		t.Fatal(err)
	}
	return strings.Join(strings.Fields(string(list)), " ")
}

func TestFetch(t *testing.T) {
	dir := tempCache(t)
	const old, young, youngest = "6.1.0-55-cloud-arm64", "7.3.4+deb13-cloud-arm64", "6.1.0-56-cloud-arm64"
	mirror := map[string]map[string]string{
		"linux-image-" + old: {"/boot/vmlinuz-" + old: "image of 6.1", "/boot/config-" + old: "config of 6.1",
			"/boot/System.map-" + old: "stub"},
		"linux-image-" + young:  {"/usr/share/doc/x": "nothing"},
		"linux-binary-" + young: {"/usr/lib/modules/" + young + "/vmlinuz": "image of 7.3"},
		"linux-base-" + young:   {"/usr/lib/modules/" + young + "/config": "config of 7.3"},
	}
	fakeMirror(t, "1.0-1", mirror)
	ctx := t.Context()

	offered, err := Available(ctx)
	if err != nil || len(offered) != 2 || downloads(t) != "" {
		t.Fatalf("Available = %v, %v; downloaded %q", offered, err, downloads(t))
	}
	got, err := Fetch(ctx)
	if err != nil {
		t.Fatal(err)
	}
	kernel := func(series, release, pkg, image, config string) Entry {
		sum, sumOfConfig := sha256.Sum256([]byte(image)), sha256.Sum256([]byte(config))
		for name, want := range map[string]string{"vmlinuz": image, "config": config} {
			if text, err := os.ReadFile(filepath.Join(dir, release, name)); string(text) != want || err != nil {
				t.Errorf("%s of %s is %q, %v", name, release, text, err)
			}
		}
		return Entry{
			Series: series, Release: release, Package: pkg + release, Version: "1.0-1",
			Image: filepath.Join(dir, release, "vmlinuz"), Config: filepath.Join(dir, release, "config"),
			SHA256: hex.EncodeToString(sum[:]), Size: int64(len(image)),
			Sums: map[string]string{"config": hex.EncodeToString(sumOfConfig[:])},
		}
	}
	want := []Entry{
		kernel("6.1", old, "linux-image-", "image of 6.1", "config of 6.1"),
		kernel("7.3", young, "linux-binary-", "image of 7.3", "config of 7.3"),
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("Fetch (-want +got):\n%s", d)
	}
	if list, err := List(); err != nil || cmp.Diff(want, list) != "" {
		t.Errorf("List: %v (-want +got):\n%s", err, cmp.Diff(want, list))
	}
	for _, name := range []string{"7.3", young} {
		if k, err := Info(name); err != nil || cmp.Diff(want[1], k) != "" {
			t.Errorf("Info(%s) = %v, %v", name, k, err)
		}
	}

	// What is there is not fetched again, unless it was damaged.
	before := downloads(t)
	if again, err := Fetch(ctx, "7.3"); err != nil || cmp.Diff(want[1:], again) != "" || downloads(t) != before {
		t.Errorf("again: %v, %v; downloaded %s", again, err, downloads(t))
	}
	if err := os.WriteFile(want[1].Image, []byte("Image of 7.3"), 0o644); err != nil {
		t.Fatal(err)
	}
	if k, err := Info("7.3"); k.Series != "" || err == nil ||
		!strings.Contains(err.Error(), "has changed since it was put into the cache") {
		t.Errorf("a damaged kernel: %v, %v", k, err)
	}
	if again, err := Fetch(ctx, "7.3"); err != nil || cmp.Diff(want[1:], again) != "" || downloads(t) == before {
		t.Errorf("after damage: %v, %v", again, err)
	}

	if err := os.WriteFile(want[1].Config, []byte("config of 6.1"), 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := Info("7.3"); !errors.Is(err, ErrChanged) {
		t.Errorf("a damaged configuration: %v", err)
	}
	if again, err := Fetch(ctx, "7.3"); err != nil || cmp.Diff(want[1:], again) != "" {
		t.Errorf("after its damage: %v, %v", again, err)
	}

	// A new version of the same release is another kernel.
	fakeMirror(t, "1.0-1.1", mirror)
	if again, err := Fetch(ctx, "7.3"); err != nil || again[0].Version != "1.0-1.1" || downloads(t) == "" {
		t.Errorf("a new version: %v, %v", again, err)
	}

	// A newer one takes the place of the older of its series.
	mirror["linux-image-"+youngest] = map[string]string{"/boot/vmlinuz-" + youngest: "newer image of 6.1"}
	fakeMirror(t, "1.0-2", mirror)
	newer, err := Fetch(ctx, "6.1")
	if err != nil || len(newer) != 1 || newer[0].Release != youngest || newer[0].Config != "" {
		t.Errorf("a newer kernel: %+v, %v", newer, err)
	}
	if _, err := os.Stat(filepath.Join(dir, old)); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the older kernel is still there: %v", err)
	}
	if list, err := List(); err != nil || len(list) != 2 || cmp.Diff(newer[0], list[0]) != "" {
		t.Errorf("List = %v, %v", list, err)
	}

	// An Image that is cut or gone is not in the cache.
	if err := os.Truncate(want[1].Image, 5); err != nil {
		t.Fatal(err)
	}
	if _, err := Info("7.3"); !errors.Is(err, ErrNotFetched) {
		t.Errorf("an Image that is cut: %v", err)
	}
	if err := os.Remove(want[1].Image); err != nil {
		t.Fatal(err)
	}
	if _, err := Info("7.3"); !errors.Is(err, ErrNotFetched) {
		t.Errorf("an Image that is gone: %v", err)
	}
}

// Two at once on one cache wait for each other, and both find it whole.
func TestFetchTwiceAtOnce(t *testing.T) {
	tempCache(t)
	const old, young = "6.1.0-55-cloud-arm64", "7.3.4+deb13-cloud-arm64"
	fakeMirror(t, "1.0-1", map[string]map[string]string{
		"linux-image-" + old:   {"/boot/vmlinuz-" + old: "image of 6.1", "/boot/config-" + old: "config of 6.1"},
		"linux-image-" + young: {"/boot/vmlinuz-" + young: "image of 7.3", "/boot/config-" + young: "config of 7.3"},
	})
	errs := make(chan error)
	const times = 4
	for i := range times {
		go func() {
			_, err := Fetch(t.Context(), []string{"6.1", "7.3"}[i%2])
			errs <- err
		}()
	}
	for range times {
		if err := <-errs; err != nil {
			t.Error(err)
		}
	}
	for _, name := range []string{"6.1", "7.3"} {
		if k, err := Info(name); err != nil || k.Series != name {
			t.Errorf("%s: %v, %v", name, k, err)
		}
	}
	if got := len(strings.Fields(downloads(t))); got != 2 {
		t.Errorf("%d downloads", got)
	}
}

func TestFetchErrors(t *testing.T) {
	tempCache(t)
	const release = "6.1.0-55-cloud-arm64"
	fakeMirror(t, "1.0-1",
		map[string]map[string]string{"linux-image-" + release: {"/boot/config-" + release: "no image"}})
	if list, err := Fetch(t.Context()); list != nil || err == nil ||
		!strings.Contains(err.Error(), "package linux-image-"+release+" has no vmlinuz") {
		t.Errorf("a package without a kernel: %v, %v", list, err)
	}
	if list, err := List(); len(list) != 0 || err != nil {
		t.Errorf("List = %v, %v", list, err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if list, err := Fetch(ctx); list != nil || err == nil {
		t.Errorf("cancelled: %v, %v", list, err)
	}
}
