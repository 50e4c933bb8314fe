// SPDX-License-Identifier: GPL-2.0-only

package kbuild

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"
)

// lines makes a file of numbered lines.
func lines(from, to int) string {
	var b strings.Builder
	for i := from; i <= to; i++ {
		fmt.Fprintf(&b, "line %d\n", i)
	}
	return b.String()
}

// patchSource is what the patches below are about.
func patchSource() fstest.MapFS {
	return fstest.MapFS{
		"dir/a":  {Data: []byte(lines(1, 40)), Mode: 0o644},
		"script": {Data: []byte("#!/bin/sh\ntrue\n"), Mode: 0o755},
		"old":    {Data: []byte("old\n"), Mode: 0o644},
	}
}

const (
	changeTwo = "--- a/dir/a\n+++ b/dir/a\n@@ -1,4 +1,4 @@\n line 1\n-line 2\n+line two\n line 3\n line 4\n"
	// A second hunk, 20 lines further up than it says.
	changeMoved = "diff --git a/dir/a b/dir/a\n--- a/dir/a\n+++ b/dir/a\n@@ -50,5 +50,5 @@\n line 28\n " +
		"line 29\n-line " +
		"30\n+line thirty\n line 31\n line 32\n"
	addAndMore = "diff --git a/new/n b/new/n\nnew file mode 100755\n--- /dev/null\n+++ b/new/n\n@@ -0,0 " +
		"+1 @@\n+new\n" +
		"diff --git a/old b/old\ndeleted file mode 100644\n--- a/old\n+++ /dev/null\n@@ -1 +0,0 @@\n-old\n" +
		"diff --git a/script b/script\n--- a/script\n+++ b/script\n@@ -1,2 +1,2 @@\n #!/bin/sh\n-true\n+false\n"
	// The first hunk fits, the second doesn't.
	broken = "diff --git a/dir/a b/dir/a\n--- a/dir/a\n+++ b/dir/a\n@@ -1,4 +1,4 @@\n line 1\n-line 2\n+line two\n " +
		"line 3\n line 4\n@@ -20,5 +20,5 @@ in here\n line 20\n line 21\n-line 23\n+line x\n line 24\n line 25\n"
)

func mail(number, body string) string {
	return "From 1234 Mon Sep 17 00:00:00 2001\nFrom: A <a@example.org>\nDate: Mon, 1 Jan 2026 00:00:00 " +
		"+0000\nSubject: [PATCH v2 " + number + "]\n a subject: that goes on\n\nWhy.\n---\n" + body + "-- \n2.39\n\n"
}

// encoded is a mail whose body is quoted-printable.
func encoded(number, body string) string {
	m := strings.Replace(mail(number, ""), "Subject:",
		"Content-Type: text/plain; charset=UTF-8\nContent-Transfer-Encoding: quoted-printable\nSubject:", 1)
	return strings.Replace(m, "-- \n", strings.ReplaceAll(body, "=", "=3D")+"-- \n", 1)
}

// Patches in all forms that they come in change what they say, and no more.
func TestApplyPatches(t *testing.T) {
	changedA := strings.NewReplacer("line 2\n", "line two\n").Replace(lines(1, 40))
	both := strings.NewReplacer("line 30\n", "line thirty\n").Replace(changedA)
	for _, tt := range []struct {
		name  string
		files map[string]string // the patches
		path  string
		want  map[string]string // "" is gone
	}{
		{"a diff", map[string]string{"p.diff": changeTwo}, "p.diff", map[string]string{"dir/a": changedA}},
		{"a diff with a description", map[string]string{"p": "This is why it is good.\n\n" + changeTwo}, "p",
			map[string]string{"dir/a": changedA}},
		{"a hunk that has moved", map[string]string{"p.patch": changeTwo + changeMoved}, "p.patch",
			map[string]string{"dir/a": both}},
		{"one mail", map[string]string{"p.eml": strings.SplitN(mail("1/1", changeTwo), "\n", 2)[1]}, "p.eml",
			map[string]string{"dir/a": changedA}},
		{
			"a mailbox in any order, with a cover letter",
			map[string]string{"m.mbox": mail("2/2", changeMoved) + mail("0/2", "") + encoded("1/2", changeTwo)},
			"m.mbox", map[string]string{"dir/a": both},
		},
		{"files that come, go, and are scripts", map[string]string{"p.diff": addAndMore}, "p.diff",
			map[string]string{"new/n": "new\n", "old": "", "script": "#!/bin/sh\nfalse\n"}},
		{"a folder, by name", map[string]string{"0002.patch": changeMoved, "0001.patch": changeTwo,
			"README": "no patch"}, "", map[string]string{"dir/a": both}},
		{"a folder with a series", map[string]string{"b": changeTwo, "a": changeMoved, "c.patch": broken,
			"series": "# quilt's\nb -p1\n\na\n"}, "", map[string]string{"dir/a": both}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			dir := t.TempDir()
			writeTree(t, dir, tt.files)
			patches, err := ReadPatches(t.Context(), filepath.Join(dir, tt.path))
			if err != nil {
				t.Fatal(err)
			}
			source := patchSource()
			changes, err := applyPatches(t.Context(), source, patches)
			if err != nil {
				t.Fatal(err)
			}
			got := map[string]string{}
			for name, c := range changes {
				got[name] = string(c.text)
				if c.gone != (tt.want[name] == "") {
					t.Errorf("%s: gone is %v", name, c.gone)
				}
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			for name, mode := range map[string]fs.FileMode{"script": 0o755, "new/n": 0o755, "dir/a": 0o644} {
				if c, ok := changes[name]; ok && c.mode != mode {
					t.Errorf("%s has mode %v, want %v", name, c.mode, mode)
				}
			}
			if diff := cmp.Diff(patchSource()["dir/a"].Data, source["dir/a"].Data); diff != "" {
				t.Errorf("the source was changed:\n%s", diff)
			}
		})
	}
}

// A patch that doesn't apply is named, with the file and the first hunk that doesn't.
func TestApplyPatchesErrors(t *testing.T) {
	for _, tt := range []struct{ name, patch, want string }{
		{"a hunk", broken, "p.patch: the patch doesn't apply: dir/a: hunk 2, @@ -20,5 +20,5 @@ in here"},
		{"a hunk of a later message", mail("1/2", changeTwo) + mail("2/2", changeTwo),
			"p.patch, message 2: the patch doesn't apply: dir/a: hunk 1, @@ -1,4 +1,4 @@"},
		{"a file that isn't there", strings.ReplaceAll(changeTwo, "dir/a", "dir/missing"),
			"p.patch: the patch doesn't apply: dir/missing: No such file or directory"},
		{"a file that is there", strings.ReplaceAll(addAndMore, "new/n", "script"),
			"p.patch: the patch doesn't apply: script"},
		{"a path that leaves the source", strings.ReplaceAll(changeTwo, "dir/a", "../a"),
			"p.patch: the patch doesn't apply: "},
		{"cut short", changeTwo[:len(changeTwo)-9], "p.patch: the patch doesn't apply: "},
	} {
		t.Run(tt.name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "p.patch")
			if err := os.WriteFile(path, []byte(tt.patch), 0o644); err != nil {
				t.Fatal(err)
			}
			patches, err := ReadPatches(t.Context(), path)
			if err != nil {
				t.Fatal(err)
			}
			_, err = applyPatches(t.Context(), patchSource(), patches)
			if !errors.Is(err, ErrPatch) || !strings.HasPrefix(err.Error(), tt.want) ||
				strings.Contains(err.Error(), "\n") {
				t.Errorf("error %v, want %s", err, tt.want)
			}
		})
	}
	for name, files := range map[string]map[string]string{
		"an empty folder":   {},
		"only a letter":     {"m.mbox": mail("0/2", "")},
		"a missing patch":   {"series": "missing\n"},
		"a series outwards": {"series": "../x\n"},
		"no patch":          {"x.patch": "hello\n"},
	} {
		dir := t.TempDir()
		writeTree(t, dir, files)
		if patches, err := ReadPatches(t.Context(), dir); err == nil {
			t.Errorf("%s: %d patches and no error", name, len(patches))
		}
	}
}

// The patch of ours that tests build a kernel with applies to the source in the cache.
func TestOwnPatchFits(t *testing.T) {
	dir, err := Dir()
	if err != nil {
		t.Fatal(err)
	}
	source, ok := cachedSource(dir)
	if !ok || source.Series != "7.3" {
		t.Skip("the source of 7.3 is not in the cache: 'stacksweep kernel build' fetches it")
	}
	patches, err := ReadPatches(t.Context(), "testdata/late-init.patch")
	if err != nil {
		t.Fatal(err)
	}
	changes, err := applyPatches(t.Context(), source.tree.pristine(), patches)
	if err != nil {
		t.Fatal(err)
	}
	if text := string(changes["arch/arm64/kernel/stacktrace.c"].text); strings.Count(text, "sweep_ready") != 3 {
		t.Errorf("%d uses of the variable in the patched file", strings.Count(text, "sweep_ready"))
	}
}
