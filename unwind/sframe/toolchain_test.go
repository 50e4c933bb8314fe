// SPDX-License-Identifier: GPL-2.0-only

package sframe

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"stacksweep/internal/debian"
	"stacksweep/internal/testkit"
)

// A toolset is GNU binutils of one generation, for several targets.
type toolset struct {
	suite string // Debian suite that it is fetched from; "" for what is installed
	flag  string // of the assembler, for SFrame
}

var (
	binutilsV1 = toolset{"", "--gsframe"}       // 2.40 of Debian 12
	binutilsV2 = toolset{"trixie", "--gsframe"} // 2.44
	binutilsV3 = toolset{"sid", "--gsframe-3"}  // 2.47
)

// dir returns a folder with the tools of an aarch64 target, "" when they are on the path, and skips the test when they
// can't be had here.
func (s toolset) dir(t testing.TB) string {
	t.Helper()
	if s.suite == "" {
		return ""
	}
	return testkit.Binutils(t, s.suite)
}

// readelf returns the path of the set's readelf, which reads files of every target.
func (s toolset) readelf(t testing.TB) string {
	t.Helper()
	if dir := s.dir(t); dir != "" {
		return filepath.Join(dir, "readelf")
	}
	path := testkit.Tool(t, "aarch64-linux-gnu-readelf")
	out, err := exec.Command(path, "--version").Output()
	if err != nil || !strings.Contains(string(out), " 2.40") {
		t.Skip("the installed readelf is not 2.40, the last to print version 1 only")
	}
	return path
}

// tool returns the command for a tool of a target, "aarch64", "x86_64" or "s390x". It is only used to regenerate what is
// committed, so it fails the test when there is none.
func (s toolset) tool(t testing.TB, target, name string) string {
	t.Helper()
	prefixed := target + "-linux-gnu-" + name
	if s.suite == "" {
		return prefixed
	}
	if target == "aarch64" {
		return filepath.Join(s.dir(t), prefixed)
	}
	dir, err := fetchCross(s.suite, target)
	if err != nil {
		t.Fatal(err)
	}
	return filepath.Join(dir, prefixed)
}

// fetchCross unpacks binutils of a suite for a target into a cache folder, and returns a folder of scripts that start
// them with their own loader and libraries.
func fetchCross(suite, target string) (string, error) {
	cache, err := os.UserCacheDir()
	if err != nil {
		return "", err
	}
	top := filepath.Join(cache, "stacksweep", "sframe-test", suite+"-"+target)
	bin, done := filepath.Join(top, "bin"), filepath.Join(top, "complete")
	if _, err := os.Stat(done); err == nil {
		return bin, nil
	}
	ctx := context.Background()
	src, err := debian.Open(ctx, filepath.Join(top, "apt"), runtime.GOARCH, suite)
	if err != nil {
		return "", err
	}
	packages := []string{"binutils-" + strings.ReplaceAll(target, "_", "-") + "-linux-gnu", "libbinutils", "libc6", "zlib1g", "libzstd1", "libjansson4"}
	for _, library := range []string{"libsframe", "libctf"} {
		names, err := src.Names(ctx, library)
		if err != nil {
			return "", err
		}
		for _, n := range names {
			if strings.Trim(strings.TrimPrefix(n, library), "0123456789") == "" {
				packages = append(packages, n)
			}
		}
	}
	root := filepath.Join(top, "root")
	if err := src.Unpack(ctx, root, packages...); err != nil {
		return "", err
	}
	loaders, _ := filepath.Glob(filepath.Join(root, "usr/lib*/ld-linux-*.so*"))
	libcs, _ := filepath.Glob(filepath.Join(root, "usr/lib/*/libc.so.6"))
	tools, _ := filepath.Glob(filepath.Join(root, "usr/bin", target+"-linux-gnu-*"))
	if len(loaders) == 0 || len(libcs) == 0 || len(tools) == 0 {
		return "", errors.New("packages hold no loader, libc or tools")
	}
	if err := os.MkdirAll(bin, 0o755); err != nil {
		return "", err
	}
	for _, tool := range tools {
		script := fmt.Sprintf("#!/bin/sh\nexec %q --library-path %q %q \"$@\"\n", loaders[0], filepath.Dir(libcs[0]), tool)
		if err := os.WriteFile(filepath.Join(bin, filepath.Base(tool)), []byte(script), 0o755); err != nil {
			return "", err
		}
	}
	return bin, os.WriteFile(done, nil, 0o644)
}

// run returns the standard output of a command. When the command fails, so does the test.
func run(t testing.TB, name string, args ...string) []byte {
	t.Helper()
	cmd := exec.Command(name, args...)
	var stderr strings.Builder
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%s %s: %v\n%s", name, strings.Join(args, " "), err, &stderr)
	}
	return out
}
