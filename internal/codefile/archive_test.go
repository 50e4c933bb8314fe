// SPDX-License-Identifier: GPL-2.0-only

package codefile

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"stacksweep/image"
	"stacksweep/internal/blind"
	"stacksweep/internal/testkit"
)

// makeArchive makes an archive with objects of the given names, and one member that is not an object.
func makeArchive(t testing.TB, names ...string) []byte {
	t.Helper()
	for _, tool := range []string{"aarch64-linux-gnu-as", "aarch64-linux-gnu-ar"} {
		testkit.Tool(t, tool)
	}
	dir := t.TempDir()
	run := func(name string, args ...string) {
		cmd := exec.Command(name, args...)
		cmd.Dir = dir
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("%s: %v\n%s", name, err, out)
		}
	}
	members := []string{"rcu", "all.a", "notes.txt"}
	if err := os.WriteFile(filepath.Join(dir, "notes.txt"), []byte("odd"), 0o666); err != nil {
		t.Fatal(err)
	}
	for i, name := range names {
		source := fmt.Sprintf(".globl f%d\n.type f%d,%%function\nf%d: ret\n.size f%d,.-f%d\n", i, i, i, i, i)
		if err := os.WriteFile(filepath.Join(dir, "s.s"), []byte(source), 0o666); err != nil {
			t.Fatal(err)
		}
		run("aarch64-linux-gnu-as", "-o", name, "s.s")
		members = append(members, name)
	}
	run("aarch64-linux-gnu-ar", members...)
	data, err := os.ReadFile(filepath.Join(dir, "all.a"))
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// TestEach reads an archive that GNU ar wrote: every object is a file, with its own name.
func TestEach(t *testing.T) {
	names := []string{"short.o", "a-name-of-more-than-sixteen-characters.o", "another-name-that-is-kept-elsewhere.o"}
	var got, want []string
	err := Each("all.a", makeArchive(t, names...), Options{}, func(f *File) error {
		for s := range f.Image.Symbols.All() {
			got = append(got, f.Name+" "+s.Name)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	for i, n := range names {
		want = append(want, fmt.Sprintf("all.a(%s) f%d", n, i))
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("functions (-want +got):\n%s", diff)
	}
}

func TestEachErrors(t *testing.T) {
	if err := Each("x.a", []byte(magic), Options{}, nil); !errors.Is(err, ErrNoMember) {
		t.Errorf("empty archive: %v", err)
	}
	for name, data := range map[string]string{
		"thin": thinMagic, "no header": magic + "12345",
		"too long":      magic + fmt.Sprintf("%-48s%-10d`\n", "a.o/", 9999),
		"no long names": magic + fmt.Sprintf("%-48s%-10d`\n", "/7", 0),
		"bad BSD name":  magic + fmt.Sprintf("%-48s%-10d`\n", "#1/5", 0),
	} {
		err := Each("x.a", []byte(data), Options{}, nil)
		var e *image.Error
		if !errors.As(err, &e) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// FuzzArchive makes sure that members lie within the archive, one after the other.
func FuzzArchive(f *testing.F) {
	f.Add([]byte(magic + fmt.Sprintf("%-48s%-10d`\nabc\n", "a.o/", 3)))
	f.Add([]byte(magic + fmt.Sprintf("%-48s%-10d`\nlong.o/\n%-48s%-10d`\nxy", "//", 8, "/0", 2)))
	blind.Fuzz(f, func(t *testing.T, data []byte) {
		total := 0
		err := eachMember("x.a", data, func(name string, contents []byte) error {
			total += len(contents)
			return nil
		})
		var e *image.Error
		if err != nil && !errors.As(err, &e) {
			t.Errorf("%v is no image.Error", err)
		}
		if total > len(data) {
			t.Errorf("%d bytes of members in an archive of %d", total, len(data))
		}
	})
}
