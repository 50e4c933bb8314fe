// SPDX-License-Identifier: GPL-2.0-only

package kbuild

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"stacksweep/internal/debian"
)

// sourceSuites are where Debian has the source of current kernels as a package.
var sourceSuites = []string{"bookworm", "trixie-backports"}

// A source is a kernel's source in the cache.
type source struct {
	Package string // "linux-source-7.3"
	Series  string // "7.3"
	Version string // of the package
	tree    tree

	local   bool   // a folder of the user's: Package is its path, Version that of its Makefile
	content string // of a local one: a sum of all files
}

// sourceName matches the packages with a kernel's source.
var sourceName = regexp.MustCompile(`^linux-source-((\d+)\.(\d+))$`)

// newestSource returns the package of the newest source among names; "" if there is none.
func newestSource(names []string) (pkg string) {
	newest := []int{-1, -1}
	for _, name := range names {
		m := sourceName.FindStringSubmatch(name)
		if m == nil {
			continue
		}
		major, _ := strconv.Atoi(m[2])
		minor, _ := strconv.Atoi(m[3])
		if slices.Compare([]int{major, minor}, newest) > 0 {
			pkg, newest = name, []int{major, minor}
		}
	}
	return pkg
}

// versionFile is the file of an unpacked source that says which version it is, and that it is complete.
const versionFile = "version"

// cachedSource returns the newest source that is unpacked in the cache.
func cachedSource(dir string) (source, bool) {
	entries, err := os.ReadDir(filepath.Join(dir, "source"))
	if err != nil {
		return source{}, false
	}
	var names []string
	for _, e := range entries {
		if _, err := os.Stat(filepath.Join(dir, "source", e.Name(), versionFile)); err == nil {
			names = append(names, e.Name())
		}
	}
	pkg := newestSource(names)
	if pkg == "" {
		return source{}, false
	}
	home := filepath.Join(dir, "source", pkg)
	version, err := os.ReadFile(filepath.Join(home, versionFile))
	if err != nil {
		return source{}, false
	}
	return source{
		Package: pkg, Series: strings.TrimPrefix(pkg, "linux-source-"), Version: strings.TrimSpace(string(version)),
		tree: tree{dir: filepath.Join(home, "tree"), original: filepath.Join(home, "original")},
	}, true
}

// fetchSource unpacks the newest source that the mirror has, unless it is there. Sources of other series are removed
// with what was built of them.
func fetchSource(ctx context.Context, dir string, say func(format string, args ...any)) (source, error) {
	mirror, err := debian.Open(ctx, filepath.Join(dir, "apt"), "arm64", sourceSuites...)
	if err != nil {
		return source{}, err
	}
	names, err := mirror.Names(ctx, "linux-source-")
	if err != nil {
		return source{}, err
	}
	pkg := newestSource(names)
	if pkg == "" {
		return source{}, fmt.Errorf("%w: no linux-source package in %s", debian.ErrUnavailable,
			strings.Join(sourceSuites, ", "))
	}
	version, err := mirror.Version(ctx, pkg)
	if err != nil {
		return source{}, err
	}
	if have, ok := cachedSource(dir); ok && have.Package == pkg && have.Version == version {
		return have, nil
	}
	say("fetching %s %s", pkg, version)
	home := filepath.Join(dir, "source", pkg)
	if err := errors.Join(os.RemoveAll(filepath.Join(dir, "source")),
		os.RemoveAll(filepath.Join(dir, "build"))); err != nil {
		return source{}, err
	}
	deb := filepath.Join(home, "deb")
	if err := mirror.Unpack(ctx, deb, pkg+"="+version); err != nil {
		return source{}, err
	}
	archives, err := filepath.Glob(filepath.Join(deb, "usr/src", pkg+".tar.*"))
	if err != nil || len(archives) != 1 {
		return source{}, cmp.Or(err, fmt.Errorf("package %s has %d archives of source, not one", pkg, len(archives)))
	}
	say("unpacking it")
	tree := filepath.Join(home, "tree")
	if err := os.MkdirAll(tree, 0o755); err != nil {
		return source{}, err
	}
	if out, err := exec.CommandContext(ctx, "tar", "-C", tree, "--strip-components=1", "-xf",
		archives[0]).CombinedOutput(); err != nil {
		return source{}, fmt.Errorf("tar -xf %s: %v: %s", filepath.Base(archives[0]), err,
			strings.TrimSpace(string(out)))
	}
	if err := os.RemoveAll(deb); err != nil {
		return source{}, err
	}
	if err := replaceFile(filepath.Join(home, versionFile), []byte(version+"\n")); err != nil {
		return source{}, err
	}
	got, _ := cachedSource(dir)
	return got, nil
}
