// SPDX-License-Identifier: GPL-2.0-only

package wholefile

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"testing"
)

func TestWrite(t *testing.T) {
	dir := t.TempDir()
	name := filepath.Join(dir, "report")
	content := func(text string, err error) func(io.Writer) error {
		return func(w io.Writer) error {
			io.WriteString(w, text)
			return err
		}
	}
	failure := errors.New("no more")
	for _, step := range []struct {
		write func(io.Writer) error
		err   error
		want  string
	}{
		{content("first", nil), nil, "first"},
		{content("half of the sec", failure), failure, "first"},
		{content("second", nil), nil, "second"},
	} {
		if err := Write(name, step.write); err != step.err {
			t.Errorf("got %v, want %v", err, step.err)
		}
		if got, err := os.ReadFile(name); err != nil || string(got) != step.want {
			t.Errorf("the file holds %q, %v; want %q", got, err, step.want)
		}
		if entries, _ := os.ReadDir(dir); len(entries) != 1 {
			t.Errorf("%d files are left", len(entries))
		}
	}
	for _, bad := range []string{filepath.Join(dir, "nowhere", "report"), dir} {
		var path *os.PathError
		if err := Write(bad, content("", nil)); !errors.As(err, &path) || path.Path != bad {
			t.Errorf("got %v, want an error that names %s", err, bad)
		}
	}
}

// TestDevice writes to what can't be replaced.
func TestDevice(t *testing.T) {
	if err := Bytes(os.DevNull, []byte("text")); err != nil {
		t.Error(err)
	}
	if info, err := os.Stat(os.DevNull); err != nil || info.Mode().IsRegular() {
		t.Fatalf("%s is now %v, %v", os.DevNull, info, err)
	}
}

// TestDiscard leaves what was there, until a file is committed.
func TestDiscard(t *testing.T) {
	name := filepath.Join(t.TempDir(), "report")
	if err := Bytes(name, []byte("first")); err != nil {
		t.Fatal(err)
	}
	for _, end := range []struct {
		do   func(*File)
		want string
	}{{(*File).Discard, "first"}, {func(f *File) { f.Commit() }, "second"}} {
		f, err := Create(name)
		if err != nil {
			t.Fatal(err)
		}
		io.WriteString(f, "second")
		if got, err := os.ReadFile(name); err != nil || string(got) != "first" {
			t.Errorf("before the end the file holds %q, %v", got, err)
		}
		end.do(f)
		if got, err := os.ReadFile(name); err != nil || string(got) != end.want {
			t.Errorf("at the end the file holds %q, %v; want %q", got, err, end.want)
		}
		if entries, _ := os.ReadDir(filepath.Dir(name)); len(entries) != 1 {
			t.Errorf("%d files", len(entries))
		}
	}
}

func TestMode(t *testing.T) {
	name := filepath.Join(t.TempDir(), "tool")
	for _, mode := range []os.FileMode{0o755, 0o600} {
		if err := BytesMode(name, []byte("x"), mode); err != nil {
			t.Fatal(err)
		}
		if info, err := os.Stat(name); err != nil || info.Mode() != mode {
			t.Errorf("got %v, %v; want %v", info.Mode(), err, mode)
		}
	}
}
