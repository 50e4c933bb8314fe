// SPDX-License-Identifier: GPL-2.0-only

package kernels

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"stacksweep/internal/debian"
)

// packages are names as Debian's archive has them.
var packages = strings.Fields(`
	linux-image-6.1.0-9-cloud-arm64 linux-image-6.1.0-56-cloud-arm64 linux-image-6.1.0-56-arm64
	linux-image-6.1.0-56-cloud-arm64-dbg linux-image-6.1.0-57-cloud-arm64-unsigned linux-image-6.1.0-56-rt-arm64
	linux-image-6.12-cloud-arm64 linux-image-6.13-cloud-arm64 linux-image-6.12.99+deb12-cloud-arm64 linux-image-6.12.117+deb12-cloud-arm64
	linux-image-6.12.118+deb12-arm64-16k linux-image-6.18.15+deb13-cloud-arm64 linux-image-6.18.9+deb13-cloud-arm64
	linux-image-7.3.4+deb13-cloud-arm64 linux-binary-7.3.4+deb13-cloud-arm64 linux-binary-unsigned-7.3.4+deb13-cloud-arm64
	linux-image-7.2.12+deb13-cloud-arm64 linux-binary-7.2.12+deb13-cloud-arm64 linux-base-7.3.4+deb13-cloud-arm64
	linux-image-cloud-arm64 linux-image-6.12-arm64-signed-template`)

func TestNewest(t *testing.T) {
	want := []Entry{
		{Series: "6.1", Release: "6.1.0-56-cloud-arm64", Package: "linux-image-6.1.0-56-cloud-arm64"},
		{Series: "6.12", Release: "6.12.117+deb12-cloud-arm64", Package: "linux-image-6.12.117+deb12-cloud-arm64"},
		{Series: "6.18", Release: "6.18.15+deb13-cloud-arm64", Package: "linux-image-6.18.15+deb13-cloud-arm64"},
		{Series: "7.2", Release: "7.2.12+deb13-cloud-arm64", Package: "linux-binary-7.2.12+deb13-cloud-arm64"},
		{Series: "7.3", Release: "7.3.4+deb13-cloud-arm64", Package: "linux-binary-7.3.4+deb13-cloud-arm64"},
	}
	if d := cmp.Diff(want, newest(packages)); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
}

func TestChoose(t *testing.T) {
	offered := newest(packages)
	for _, tt := range []struct {
		names string
		want  string
		err   string
	}{
		{"", "6.1 6.12 6.18 7.3", ""},
		{"6.12", "6.12", ""},
		{"7.2.12+deb13-cloud-arm64 6.1", "7.2 6.1", ""},
		{"6.1 5.10", "", "kernel 5.10: the mirror has the series 6.1, 6.12, 6.18, 7.2, 7.3"},
	} {
		chosen, err := choose(offered, strings.Fields(tt.names))
		var got []string
		for _, k := range chosen {
			got = append(got, k.Series)
		}
		if strings.Join(got, " ") != tt.want || fmt.Sprint(err) != tt.err && (err != nil || tt.err != "") {
			t.Errorf("%q: %v, %v", tt.names, got, err)
		}
	}
	if _, err := choose(nil, nil); !errors.Is(err, debian.ErrUnavailable) {
		t.Errorf("nothing on offer: %v", err)
	}
}

func TestCompareVersions(t *testing.T) {
	order := []string{"5.10", "6.1", "6.1.0-9", "6.1.0-56", "6.2", "6.12", "6.12.9", "6.12.117+deb12",
		"6.12.117+deb13", "7.0"}
	for i, a := range order {
		for j, b := range order {
			got := compareVersions(a, b)
			if (got < 0) != (i < j) || (got > 0) != (i > j) {
				t.Errorf("compareVersions(%q, %q) = %d", a, b, got)
			}
		}
	}
}

// tempCache makes the cache an empty folder for the time of a test.
func tempCache(t *testing.T) string {
	t.Helper()
	t.Setenv("XDG_CACHE_HOME", t.TempDir())
	dir, err := Dir()
	if err != nil {
		t.Fatal(err)
	}
	return dir
}

func TestEmptyCache(t *testing.T) {
	dir := tempCache(t)
	if want := filepath.Join(os.Getenv("XDG_CACHE_HOME"), "stacksweep", "kernels"); dir != want {
		t.Errorf("the cache is %s, not %s", dir, want)
	}
	if list, err := List(); len(list) != 0 || err != nil {
		t.Errorf("List() = %v, %v", list, err)
	}
	if k, err := Info("6.12"); k.Series != "" || !errors.Is(err, ErrNotFetched) ||
		!strings.Contains(err.Error(), "kernel 6.12") {
		t.Errorf("Info = %v, %v", k, err)
	}
	if _, err := os.Stat(dir); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("looking made a folder: %v", err)
	}
}

func TestOffline(t *testing.T) {
	tempCache(t)
	t.Setenv("PATH", "")
	if list, err := Fetch(t.Context()); list != nil || !errors.Is(err, debian.ErrUnavailable) {
		t.Errorf("Fetch = %v, %v", list, err)
	}
	if list, err := Available(t.Context()); list != nil || !errors.Is(err, debian.ErrUnavailable) {
		t.Errorf("Available = %v, %v", list, err)
	}
}

func TestBadManifest(t *testing.T) {
	for text, want := range map[string]string{
		"nonsense": "manifest.json: invalid character",
		`[{"series":"6.1","image":"../../secret"}]`:             `path "../../secret" leaves the cache`,
		`[{"series":"6.1","image":"a","config":"/etc/passwd"}]`: `path "/etc/passwd" leaves the cache`,
	} {
		dir := tempCache(t)
		if err := os.MkdirAll(dir, 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, manifestName), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		if list, err := List(); list != nil || err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, %v; want %s", text, list, err, want)
		}
	}
}
