// SPDX-License-Identifier: GPL-2.0-only

package main

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"stacksweep/internal/shell"
	"stacksweep/internal/testkit"
)

// TestKselftest makes a sweep a test of the kernel's tools/testing/selftests: its runner takes the exit status for the
// result, and what it prints has the report in it, line for line.
func TestKselftest(t *testing.T) {
	runner := fromKernelSource(t, "tools/testing/selftests/run_kselftest.sh")
	testkit.Tool(t, "perl")
	program, err := exec.LookPath("stacksweep")
	if err != nil {
		t.Fatal(err)
	}
	// As 'make -C tools/testing/selftests install' lays it out.
	dir := t.TempDir()
	for _, name := range []string{"run_kselftest.sh", "kselftest/runner.sh", "kselftest/ktap_helpers.sh",
		"kselftest/prefix.pl"} {
		data, err := os.ReadFile(filepath.Join(filepath.Dir(runner), name))
		if err != nil {
			t.Fatal(err)
		}
		write(t, filepath.Join(dir, name), string(data))
	}
	sweep := func(args string) string {
		return "#!/bin/sh\nexec " + shell.Quote(program) + " sweep -format ktap -walker v6.17 " + args + "\n"
	}
	unmet := filepath.Join(dir, "unmet")
	write(t, unmet, "fgraph/resched record irq v6.17 * fault It panics.\n")
	tests := []struct{ name, args, result string }{
		{"fine.sh", "fgraph/resched:record stale/register", "ok 1 selftests: stacksweep: fine.sh"},
		{"unmet.sh", "-expect " + shell.Quote(unmet) + " fgraph/resched:record",
			"not ok 2 selftests: stacksweep: unmet.sh # exit=1"},
	}
	list := ""
	for _, c := range tests {
		write(t, filepath.Join(dir, "stacksweep", c.name), sweep(c.args))
		list += "stacksweep:" + c.name + "\n"
	}
	write(t, filepath.Join(dir, "kselftest-list.txt"), list)
	write(t, filepath.Join(dir, "stacksweep", "settings"), "timeout=600\n")
	out, err := exec.Command(filepath.Join(dir, "run_kselftest.sh"), "-f").Output()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	got := string(out)
	for _, c := range tests {
		report, _ := exec.Command("sh", filepath.Join(dir, "stacksweep", c.name)).Output()
		commented := regexp.MustCompile(`(?m)^`).ReplaceAllString(strings.TrimSuffix(string(report), "\n"), "# ")
		want := fmt.Sprintf("# selftests: stacksweep: %s\n%s\n", c.name, commented)
		for _, wanted := range []string{want, "\n" + c.result + "\n"} {
			if len(report) == 0 || !strings.Contains(got, wanted) {
				t.Errorf("%s: kselftest prints\n%s\nwithout\n%s", c.name, got, wanted)
			}
		}
	}
}

// write makes an executable file, and the folder that it is in.
func write(t *testing.T, name, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(name, []byte(text), 0o755); err != nil {
		t.Fatal(err)
	}
}
