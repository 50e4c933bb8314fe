// SPDX-License-Identifier: GPL-2.0-only

package kbuild

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// ErrPatch says that a patch doesn't apply; its text names the patch, the file and the hunk.
var ErrPatch = errors.New("the patch doesn't apply")

// A Patch is one change of a source, as git writes it.
type Patch struct {
	Name string // of the file, and which message of it
	Diff []byte // with whatever is before it
}

// ReadPatches reads patches of a file or folder, in the order in which they are to be applied: a mailbox, whose
// messages may be encoded as mail is, and in any order if they are numbered [PATCH 2/7]; a plain diff; or a folder of
// those, in the order that its file series gives, else by name. Messages without a diff, cover letters and replies, are
// left out.
func ReadPatches(ctx context.Context, path string) ([]Patch, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	paths := []string{path}
	if info.IsDir() {
		if paths, err = patchFiles(path); err != nil {
			return nil, err
		}
	}
	var all []Patch
	for _, path := range paths {
		patches, err := readPatchFile(ctx, path)
		if err != nil {
			return nil, err
		}
		all = append(all, patches...)
	}
	if len(all) == 0 {
		return nil, fmt.Errorf("%s: no diff in it", path)
	}
	return all, nil
}

// patchFiles lists the patches of a folder.
func patchFiles(dir string) (paths []string, err error) {
	series, err := os.ReadFile(filepath.Join(dir, "series"))
	if err == nil {
		for line := range strings.Lines(string(series)) {
			line, _, _ := strings.Cut(line, "#")
			f := strings.Fields(line)
			if len(f) == 0 {
				continue
			}
			if !filepath.IsLocal(f[0]) {
				return nil, fmt.Errorf("%s: %q leaves the folder", filepath.Join(dir, "series"), f[0])
			}
			paths = append(paths, filepath.Join(dir, f[0]))
		}
		return paths, nil
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, err
	}
	for _, e := range entries {
		if slices.Contains([]string{".patch", ".diff", ".mbox", ".mbx", ".eml"}, filepath.Ext(e.Name())) {
			paths = append(paths, filepath.Join(dir, e.Name()))
		}
	}
	if len(paths) == 0 {
		return nil, fmt.Errorf("%s: no *.patch, *.diff, *.mbox or *.eml in it", dir)
	}
	return paths, nil
}

var (
	// mailStart matches what a mailbox or a single mail begins with.
	mailStart = regexp.MustCompile(`^(From \S|[A-Z][A-Za-z-]+: )`)
	// diffLine matches the first line of a diff in a message.
	diffLine = regexp.MustCompile(`(?m)^(diff --git |--- \S+\n\+\+\+ \S)`)
	// number matches a place in a series.
	number = regexp.MustCompile(`^Subject: .*?\[[^]]*?\b(\d+)/(\d+)\]`)
	// diffNames matches the lines of a diff that name a file.
	diffNames = regexp.MustCompile(`(?m)^(?:(?:---|\+\+\+) [^/\n]+/([^\t\n]+)|(?:rename|copy) (?:from|to) (.+))`)
)

func readPatchFile(ctx context.Context, path string) ([]Patch, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	name := filepath.Base(path)
	if !mailStart.Match(text) {
		if !diffLine.Match(text) {
			return nil, nil
		}
		return []Patch{{name, text}}, nil
	}
	dir, err := os.MkdirTemp("", "stacksweep-mail-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	absolute, err := filepath.Abs(path)
	if err != nil {
		return nil, err
	}
	if out, err := git(ctx, dir, nil, "mailsplit", "-o"+dir, "-b", "--", absolute); err != nil {
		return nil, fmt.Errorf("%s: git mailsplit: %v: %s", path, err, firstLine(out))
	}
	mails, err := filepath.Glob(filepath.Join(dir, "[0-9]*"))
	if err != nil {
		return nil, err
	}
	type mail struct {
		Patch
		n, of int
	}
	var found []mail
	for i, file := range mails {
		raw, err := os.ReadFile(file)
		if err != nil {
			return nil, err
		}
		message, diff := filepath.Join(dir, "message"), filepath.Join(dir, "diff")
		info, err := git(ctx, dir, raw, "mailinfo", "--encoding=UTF-8", message, diff)
		if err != nil {
			return nil, fmt.Errorf("%s: message %d: git mailinfo: %v: %s", path, i+1, err, firstLine(info))
		}
		text, err := os.ReadFile(diff)
		if err != nil {
			return nil, err
		}
		if !diffLine.Match(text) {
			continue
		}
		m := mail{Patch: Patch{name, text}}
		for line := range strings.Lines(unfold(raw)) {
			if at := number.FindStringSubmatch(line); at != nil {
				m.n, _ = strconv.Atoi(at[1])
				m.of, _ = strconv.Atoi(at[2])
				break
			}
			if strings.TrimSpace(line) == "" { // the end of the header
				break
			}
		}
		if len(mails) > 1 {
			m.Name = fmt.Sprintf("%s, message %d", name, i+1)
		}
		found = append(found, m)
	}
	if !slices.ContainsFunc(found, func(m mail) bool { return m.n == 0 || m.of != found[0].of }) {
		slices.SortStableFunc(found, func(a, b mail) int { return cmp.Compare(a.n, b.n) })
	}
	var patches []Patch
	for _, m := range found {
		patches = append(patches, m.Patch)
	}
	return patches, nil
}

// unfold joins the lines of a mail's header that go on.
func unfold(raw []byte) string {
	header, _, _ := bytes.Cut(bytes.ReplaceAll(raw, []byte("\r\n"), []byte("\n")), []byte("\n\n"))
	return strings.NewReplacer("\n ", " ", "\n\t", " ").Replace(string(header))
}

// applyPatches applies patches to a source as git am does: a hunk may have moved, but what is around it must be the
// same. It returns the files that change; the source is not touched. Its error is ErrPatch.
func applyPatches(ctx context.Context, source fs.FS, patches []Patch) (map[string]content, error) {
	if len(patches) == 0 {
		return nil, nil
	}
	top, err := os.MkdirTemp("", "stacksweep-patch-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(top)
	dir := filepath.Join(top, "tree")
	if err := os.Mkdir(dir, 0o755); err != nil {
		return nil, err
	}
	there := map[string]bool{} // files that a patch names, and whether the source has them
	for _, p := range patches {
		for _, m := range diffNames.FindAllSubmatch(p.Diff, -1) {
			name := string(cmp.Or(string(m[1]), string(m[2])))
			if _, ok := there[name]; ok || !fs.ValidPath(name) { // git apply says what it thinks of other paths
				continue
			}
			if there[name], err = copyOut(source, name, filepath.Join(dir, filepath.FromSlash(name))); err != nil {
				return nil, err
			}
		}
		if out, err := git(ctx, dir, p.Diff, "apply", "-p1", "--whitespace=nowarn", "-"); err != nil {
			return nil, fmt.Errorf("%s: %w: %s", p.Name, ErrPatch, whichHunk(ctx, dir, p, out))
		}
	}
	changes := map[string]content{}
	for name, was := range there {
		path := filepath.Join(dir, filepath.FromSlash(name))
		info, err := os.Stat(path)
		if errors.Is(err, fs.ErrNotExist) {
			if was {
				changes[name] = content{gone: true}
			}
			continue
		}
		if err != nil {
			return nil, err
		}
		text, err := os.ReadFile(path)
		if err != nil {
			return nil, err
		}
		changes[name] = content{text: text, mode: info.Mode().Perm()}
	}
	return changes, nil
}

// copyOut writes a file of a source to path, if there is one.
func copyOut(source fs.FS, name, path string) (bool, error) {
	text, err := fs.ReadFile(source, name)
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	mode := fs.FileMode(0o644)
	if info, err := fs.Stat(source, name); err == nil {
		mode = info.Mode().Perm()
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return false, err
	}
	return true, os.WriteFile(path, text, mode)
}

var (
	checking = regexp.MustCompile(`^(?:Checking patch|Applying patch) (.+?)(?:\.\.\.| with \d+ rejects?\.\.\.)$`)
	rejected = regexp.MustCompile(`^Rejected hunk #(\d+)\.$`)
)

// whichHunk says which hunk of a patch is the first that doesn't apply, by trying all of them. said is what git said.
func whichHunk(ctx context.Context, dir string, p Patch, said []byte) string {
	out, _ := git(ctx, dir, p.Diff, "apply", "-p1", "--whitespace=nowarn", "--reject", "--verbose", "-")
	file := ""
	for line := range strings.Lines(string(out)) {
		line = strings.TrimSpace(line)
		if m := checking.FindStringSubmatch(line); m != nil {
			file = m[1]
		}
		if m := rejected.FindStringSubmatch(line); m != nil {
			where := ""
			if text, err := os.ReadFile(filepath.Join(dir, filepath.FromSlash(file)+".rej")); err == nil {
				for line := range strings.Lines(string(text)) {
					if strings.HasPrefix(line, "@@") {
						where = ", " + strings.TrimSpace(line)
						break
					}
				}
			}
			return fmt.Sprintf("%s: hunk %s%s", file, m[1], where)
		}
	}
	return strings.TrimPrefix(firstLine(said), "error: ")
}

// git runs git in a folder, of which it doesn't look at any repository around.
func git(ctx context.Context, dir string, stdin []byte, args ...string) ([]byte, error) {
	cmd := exec.CommandContext(ctx, "git", args...)
	cmd.Dir, cmd.Stdin = dir, bytes.NewReader(stdin)
	cmd.Env = append(os.Environ(), "LC_ALL=C", "GIT_CEILING_DIRECTORIES="+filepath.Dir(dir), "GIT_CONFIG_NOSYSTEM=1",
		"GIT_CONFIG_GLOBAL="+os.DevNull)
	return cmd.CombinedOutput()
}

func firstLine(out []byte) string {
	line, _, _ := strings.Cut(strings.TrimSpace(string(out)), "\n")
	return line
}
