// SPDX-License-Identifier: GPL-2.0-only

package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"stacksweep/scenarios/corpus"
	"stacksweep/sweep/verdict"
)

// TestStepRefuses calls the verb where there is nothing to draw on, or nothing to show.
func TestStepRefuses(t *testing.T) {
	for _, test := range []struct {
		args []string
		want string
	}{
		{nil, "needs a terminal"},
		{[]string{"fgraph/return@137"}, "needs a terminal"},
		{[]string{"-tour"}, "needs a terminal"},
		{[]string{"a", "b"}, "one point"},
		{[]string{"nowhere"}, `no scenario "nowhere"`},
		{[]string{"fgraph/return@-1"}, "neither a step nor a symbol"},
		{[]string{"-walker", "nobody"}, `no walker "nobody"`},
		{[]string{"-mode", "never"}, `no mode "never"`},
		{[]string{"-mode", "all"}, "one mode at a time"},
		{[]string{"-bogus"}, "bogus"},
	} {
		var stdout, stderr bytes.Buffer
		status := run(t.Context(), append([]string{"step"}, test.args...), strings.NewReader(""), &stdout, &stderr)
		if status != exitUsage || !strings.Contains(stderr.String(), test.want) || stdout.Len() > 0 {
			t.Errorf("step %q: status %d, stdout %q, stderr %q; want %q", test.args, status, &stdout,
				&stderr, test.want)
		}
	}
}

func TestNeedTerminal(t *testing.T) {
	device, err := os.OpenFile(os.DevNull, os.O_RDWR, 0) // a character device, as terminals are
	if err != nil {
		t.Skipf("no character device to test with: %v", err)
	}
	defer device.Close()
	point, err := verdict.ParsePoint(corpus.All(), "fgraph/return@137")
	if err != nil {
		t.Fatal(err)
	}
	for term, fine := range map[string]bool{"xterm-256color": true, "vt100": true, "dumb": false, "": false} {
		var stderr bytes.Buffer
		c := &cli{stdin: device, stdout: device, stderr: &stderr}
		err := needTerminal(c, term, point)
		if (err == nil) != fine {
			t.Errorf("TERM=%s: %v", term, err)
		}
		if !fine &&
			(c.exit(err) != exitUsage ||
				!strings.Contains(stderr.String(), "stacksweep show fgraph/return:mainline@137")) {
			t.Errorf("TERM=%s: %s", term, &stderr)
		}
	}
}

// Sources are found where they were compiled, in a folder that is named, and next to the user's file; those of the
// corpus are in the program.
func TestSources(t *testing.T) {
	folder := t.TempDir()
	for _, name := range []string{"kernel/trace/fgraph.c", "routines.c"} {
		if err := os.MkdirAll(filepath.Dir(filepath.Join(folder, name)), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(folder, name), []byte(name), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Symlink("/etc/passwd", filepath.Join(folder, "link.c")); err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct{ folder, image, name, want string }{
		{folder, "", "kernel/trace/fgraph.c", "kernel/trace/fgraph.c"},
		{folder, "", "/build/routines.c", "routines.c"},
		{"", folder + "/routines.o", "routines.c", "routines.c"},
		{folder, "", folder + "/routines.c", "routines.c"},
		{"", "", folder + "/routines.c", ""}, // a file that is looked at can name any other
		{folder + "/kernel", "", folder + "/routines.c", ""},
		{folder + "/kernel", "", "../routines.c", ""},
		{folder, "", "link.c", ""},
		{"", "", "kernel/trace/fgraph.c", ""},
		{folder, "", "kernel", ""}, // a folder
	} {
		data, err := newSourceFinder(test.folder, test.image, "fgraph/return").read(test.name)
		if string(data) != test.want || (err != nil) != (test.want == "") {
			t.Errorf("%+v: %q, %v", test, data, err)
		}
	}
	if data, err := newSourceFinder("", "", "fgraph/return").read("src/fgraph.c"); err != nil ||
		!bytes.Contains(data, []byte("handle_return(")) {
		t.Errorf("of the corpus: %v", err)
	}
}

func TestUTF8Terminal(t *testing.T) {
	for _, test := range []struct {
		env  map[string]string
		want bool
	}{
		{map[string]string{"LANG": "en_GB.UTF-8"}, true},
		{map[string]string{"LANG": "C.utf8"}, true},
		{map[string]string{"LANG": "C"}, false},
		{map[string]string{}, false},
		{map[string]string{"LANG": "en_GB.UTF-8", "LC_ALL": "C"}, false},
		{map[string]string{"LANG": "C", "LC_CTYPE": "C.UTF-8"}, true},
	} {
		if got := utf8Terminal(func(name string) string { return test.env[name] }); got != test.want {
			t.Errorf("%v: %v", test.env, got)
		}
	}
}
