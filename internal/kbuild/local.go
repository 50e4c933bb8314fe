// SPDX-License-Identifier: GPL-2.0-only

package kbuild

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"time"
)

// ErrSource says that a folder can't be built of; its text says why.
var ErrSource = errors.New("not a kernel source that can be built")

// A copied file is what is known of a file of the user's source when it was copied.
type copied struct {
	Size  int64       `json:"size"`
	Mtime int64       `json:"mtime"` // nanoseconds
	Mode  fs.FileMode `json:"mode"`
	Sum   string      `json:"sum"` // SHA-256 of the contents, or of where a link leads, in hexadecimal
}

// copiedFile lists the files of the copy, and lies next to it.
const copiedFile = "copied.json"

// localSource brings a copy of a folder with a kernel's source up to date, and returns it. The folder itself is never
// written to. What make has left in a git work tree isn't copied; where there is no git, the source must be clean.
func localSource(ctx context.Context, dir, home string, say func(format string, args ...any)) (source, error) {
	s := source{tree: tree{dir: filepath.Join(home, "tree"), original: filepath.Join(home, "original")}}
	version, series, err := makefileVersion(dir)
	if err != nil {
		return s, err
	}
	names, err := sourceFiles(ctx, dir)
	if err != nil {
		return s, err
	}
	sum, n, err := s.tree.follow(ctx, dir, home, names)
	if err != nil {
		return s, err
	}
	if n > 0 {
		say("%d files of %s differ from the copy that is built, and were copied", n, dir)
	}
	s.Package, s.Series, s.Version = dir, series, version+" "+sum[:12]
	s.local, s.content = true, sum
	return s, nil
}

// makefileNumbers matches what a kernel's version is made of.
var makefileNumbers = regexp.MustCompile(`(?m)^(VERSION|PATCHLEVEL|SUBLEVEL|EXTRAVERSION)\s*=\s*(\S*)\s*$`)

// makefileVersion reads the version of a kernel's source: "7.1.0-rc2", and its series, "7.1".
func makefileVersion(dir string) (version, series string, err error) {
	if info, err := os.Stat(dir); err != nil {
		return "", "", fmt.Errorf("%w: %w", ErrSource, err)
	} else if !info.IsDir() {
		return "", "", fmt.Errorf("%w: %s is a file", ErrSource, dir)
	}
	text, err := os.ReadFile(filepath.Join(dir, "Makefile"))
	if err != nil {
		return "", "", fmt.Errorf("%w: %s has no Makefile", ErrSource, dir)
	}
	if _, err := os.Stat(filepath.Join(dir, "arch/arm64/Makefile")); err != nil {
		return "", "", fmt.Errorf("%w: %s has no arch/arm64/Makefile", ErrSource, dir)
	}
	is := map[string]string{}
	for _, m := range makefileNumbers.FindAllSubmatch(text, 4) {
		is[string(m[1])] = string(m[2])
	}
	if is["VERSION"] == "" || is["PATCHLEVEL"] == "" {
		return "", "", fmt.Errorf("%w: %s/Makefile has no VERSION and PATCHLEVEL", ErrSource, dir)
	}
	series = is["VERSION"] + "." + is["PATCHLEVEL"]
	return series + "." + is["SUBLEVEL"] + is["EXTRAVERSION"], series, nil
}

// sourceFiles lists the files of a source, slash-separated: of a git work tree those that git knows or would add.
func sourceFiles(ctx context.Context, dir string) (names []string, err error) {
	if _, err := os.Stat(filepath.Join(dir, ".git")); err == nil {
		out, err := git(ctx, dir, nil, "-c", "safe.directory=*", "ls-files", "-z", "--cached", "--others",
			"--exclude-standard")
		if err != nil {
			return nil, fmt.Errorf("%s: git ls-files: %v: %s", dir, err, firstLine(out))
		}
		names = strings.Split(strings.TrimRight(string(out), "\x00"), "\x00")
		slices.Sort(names)
		return slices.Compact(names), nil // a file with a conflict is listed three times
	}
	for _, name := range []string{".config", "include/config", "include/generated", "arch/arm64/include/generated"} {
		if _, err := os.Lstat(filepath.Join(dir, name)); err == nil {
			return nil,
				fmt.Errorf("%w: it was built in, since there is %s ('make ARCH=arm64 mrproper' there cleans it, and a "+
					"git work tree need not be clean)", ErrSource, filepath.Join(dir, name))
		}
	}
	err = filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		rel, err := filepath.Rel(dir, path)
		if err == nil {
			names = append(names, filepath.ToSlash(rel))
		}
		return err
	})
	slices.Sort(names)
	return names, err
}

// follow makes the unedited tree equal to the files of a folder. It returns a sum of all of them, and
// how many differed.
func (t *tree) follow(ctx context.Context, dir, home string, names []string) (sum string, n int, err error) {
	known := map[string]copied{}
	if text, err := os.ReadFile(filepath.Join(home, copiedFile)); err == nil {
		if json.Unmarshal(text, &known) != nil {
			known = map[string]copied{} // all is compared
		}
	}
	now := make(map[string]copied, len(names))
	all := sha256.New()
	for _, name := range names {
		if err := ctx.Err(); err != nil {
			return "", 0, err
		}
		from := filepath.Join(dir, filepath.FromSlash(name))
		info, err := os.Lstat(from)
		if errors.Is(err, fs.ErrNotExist) {
			continue // deleted, and git wasn't told
		}
		if err != nil {
			return "", 0, err
		}
		if info.IsDir() {
			continue // a submodule
		}
		c := copied{Size: info.Size(), Mtime: info.ModTime().UnixNano(), Mode: info.Mode()}
		old, ok := known[name]
		c.Sum = old.Sum
		if c != old || !ok {
			differs := false
			if c.Sum, differs, err = t.take(from, name, info, old.Sum); err != nil {
				return "", 0, err
			}
			if differs {
				n++
			}
		}
		if time.Since(info.ModTime()) < 2*time.Second {
			c.Mtime = 0 // it may change again within what a file system's clock can tell: compare it next time
		}
		now[name] = c
		fmt.Fprintf(all, "%s %v %s\n", name, c.Mode, c.Sum)
	}
	for name := range known {
		if _, ok := now[name]; !ok {
			n++
			if err := t.forget(name); err != nil {
				return "", 0, err
			}
		}
	}
	if n > 0 || !maps.Equal(known, now) {
		text, err := json.Marshal(now)
		if err != nil {
			return "", 0, err
		}
		if err := replaceFile(filepath.Join(home, copiedFile), text); err != nil {
			return "", 0, err
		}
	}
	return hex.EncodeToString(all.Sum(nil)), n, nil
}

// take copies a file into the tree, or where it is kept if the tree has a changed one, unless it is the same. sum is
// what is known of the copy.
func (t *tree) take(from, name string, info fs.FileInfo, sum string) (string, bool, error) {
	to := filepath.Join(t.dir, filepath.FromSlash(name))
	kept := filepath.Join(t.original, filepath.FromSlash(name))
	if _, err := os.Lstat(kept + absentSuffix); err == nil { // a patch adds what the source now has
		if err := os.Remove(kept + absentSuffix); err != nil {
			return "", false, err
		}
		to = kept
	} else if _, err := os.Lstat(kept); err == nil {
		to = kept
	}
	if err := os.MkdirAll(filepath.Dir(to), 0o755); err != nil {
		return "", false, err
	}
	if info.Mode()&fs.ModeSymlink != 0 {
		target, err := os.Readlink(from)
		if err != nil {
			return "", false, err
		}
		if have, err := os.Readlink(to); err == nil && have == target {
			return sumOf([]byte(target)), false, nil
		}
		if err := os.RemoveAll(to); err != nil {
			return "", false, err
		}
		return sumOf([]byte(target)), true, os.Symlink(target, to)
	}
	text, err := os.ReadFile(from)
	if err != nil {
		return "", false, err
	}
	now := sumOf(text)
	if have, err := os.Lstat(to); err == nil && have.Mode().IsRegular() &&
		have.Mode().Perm() == info.Mode().Perm()|0o600 {
		if old, err := os.ReadFile(to); err == nil && bytes.Equal(old, text) {
			return now, false, nil
		}
	}
	return now, true, replaceFileMode(to, text, info.Mode().Perm()|0o600)
}

// forget removes a file that the source doesn't have any more. One that is changed becomes one that a patch adds.
func (t *tree) forget(name string) error {
	kept := filepath.Join(t.original, filepath.FromSlash(name))
	if _, err := os.Lstat(kept); err == nil {
		return os.Rename(kept, kept+absentSuffix)
	}
	err := os.Remove(filepath.Join(t.dir, filepath.FromSlash(name)))
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}

func sumOf(text []byte) string {
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:])
}
