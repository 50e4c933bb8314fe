// SPDX-License-Identifier: GPL-2.0-only

package sframe

import (
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"stacksweep/internal/testkit"
	"stacksweep/internal/toolchain"
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

// tool returns the command for a tool of a target, "aarch64", "x86_64" or "s390x". It is only used to regenerate what
// is committed, so it fails the test when there is none.
func (s toolset) tool(t testing.TB, target, name string) string {
	t.Helper()
	prefixed := target + "-linux-gnu-" + name
	if s.suite == "" {
		return prefixed
	}
	if target == "aarch64" {
		return filepath.Join(s.dir(t), prefixed)
	}
	dir, err := toolchain.CrossBinutils(t.Context(), s.suite, target)
	if err != nil {
		t.Fatal(err)
	}
	return filepath.Join(dir, prefixed)
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
