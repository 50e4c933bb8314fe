// SPDX-License-Identifier: GPL-2.0-only

package main

import (
	"flag"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "write what the commands in the documents print into them")

// Every sample in the documents comes from a real run: a "console" block consists of commands, after "$ ", each
// followed by exactly what it prints.
func TestDocumentsShowWhatComesOut(t *testing.T) {
	if testing.Short() {
		t.Skip("runs every command of the documents")
	}
	bin := t.TempDir()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(self, filepath.Join(bin, "stacksweep")); err != nil {
		t.Fatal(err)
	}
	t.Setenv(runHere, "1") // also for the child process of a sweep of a file
	t.Setenv("PATH", bin+string(os.PathListSeparator)+os.Getenv("PATH"))

	files, err := filepath.Glob("../../docs/*.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range append(files, "../../README.md") {
		t.Run(filepath.Base(file), func(t *testing.T) {
			old, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			now := rerun(t, string(old))
			if *update {
				if err := os.WriteFile(file, []byte(now), 0o644); err != nil {
					t.Fatal(err)
				}
				return
			}
			if diff := cmp.Diff(strings.Split(string(old), "\n"), strings.Split(now, "\n")); diff != "" {
				t.Errorf("the document differs from what comes out (-document +output); go test ./cmd/stacksweep -run "+
					"Documents -update\n%s", diff)
			}
		})
	}
}

// rerun returns the document with the output of every command as it is now.
func rerun(t *testing.T, document string) string {
	var out []string
	inBlock := false
	for line := range strings.SplitSeq(document, "\n") {
		command, isCommand := strings.CutPrefix(line, "$ ")
		switch {
		case strings.HasPrefix(line, "```"):
			inBlock = line == "```console"
			out = append(out, line)
		case inBlock && isCommand:
			out = append(out, line)
			text := runShell(t, command)
			if strings.Contains(command, " | ") && onlyMessages(text) {
				t.Errorf("what follows the program lets nothing through: %s", command)
			}
			if text != "" {
				out = append(out, strings.Split(strings.TrimSuffix(text, "\n"), "\n")...)
			}
		case !inBlock:
			out = append(out, line)
		}
	}
	return strings.Join(out, "\n")
}

// onlyMessages says that a text has nothing that the program prints to stdout.
func onlyMessages(text string) bool {
	for line := range strings.Lines(text) {
		if !strings.HasPrefix(line, "stacksweep: ") && !strings.HasPrefix(line, "hint: ") {
			return false
		}
	}
	return true
}

// runShell runs a command line and returns what it prints, whatever its exit status; lines lose trailing blanks.
func runShell(t *testing.T, command string) string {
	cmd := exec.CommandContext(t.Context(), "sh", "-c", command)
	cmd.Dir = "../.."
	text, err := cmd.CombinedOutput()
	if _, isExit := err.(*exec.ExitError); err != nil && !isExit {
		t.Fatal(err)
	}
	var b strings.Builder
	for line := range strings.Lines(string(text)) {
		b.WriteString(strings.TrimRight(line, " \n") + "\n")
	}
	return b.String()
}
