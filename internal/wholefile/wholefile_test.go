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
