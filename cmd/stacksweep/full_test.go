// SPDX-License-Identifier: GPL-2.0-only

package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

// smallDisk is a folder on a disk of so many bytes.
func smallDisk(t *testing.T, size string) string {
	t.Helper()
	dir := t.TempDir()
	if err := unix.Mount("tmpfs", dir, "tmpfs", 0, "size="+size); err != nil {
		t.Skipf("no tmpfs can be mounted here: %v", err)
	}
	t.Cleanup(func() {
		if err := unix.Unmount(dir, 0); err != nil {
			t.Error(err)
		}
	})
	return dir
}

// A disk that is full, wherever a sweep writes, is said in a line; no report is there in part, and a file of parts goes
// on when there is room.
func TestFullDisk(t *testing.T) {
	disk := smallDisk(t, "256k")
	sweep := []string{"sweep", "-generate", "12", "-walker", "v6.17,sframe,sframe-detect,sframe-recover", "-all"}
	for name, tt := range map[string]struct {
		temp string
		args []string
	}{
		"the output of a child": {disk, []string{"-format", "jsonl"}},
		"a report": {t.TempDir(),
			[]string{"-format", "jsonl=" + filepath.Join(disk, "report"), "-format", "text"}},
		"a report, in here": {t.TempDir(), []string{"-inside", "-format", "jsonl=" + filepath.Join(disk, "report"),
			"-format", "text"}},
		"parts": {t.TempDir(), []string{"-format", "jsonl", "-resume", filepath.Join(disk, "parts")}},
	} {
		t.Run(name, func(t *testing.T) {
			if name == "parts" { // which are small
				if err := os.WriteFile(filepath.Join(disk, "filler"), make([]byte, 240<<10), 0o644); err != nil {
					t.Fatal(err)
				}
				defer os.Remove(filepath.Join(disk, "filler"))
			}
			cmd := program(t, append(sweep[:len(sweep):len(sweep)], tt.args...)...)
			cmd.Env = append(cmd.Env, "TMPDIR="+tt.temp)
			var stdout, stderr bytes.Buffer
			cmd.Stdout, cmd.Stderr = &stdout, &stderr
			if err := cmd.Run(); err != nil && cmd.ProcessState == nil {
				t.Fatal(err)
			}
			if got := cmd.ProcessState.ExitCode(); got != exitFailed ||
				!strings.HasPrefix(stderr.String(), "stacksweep: ") ||
				!strings.Contains(stderr.String(), "no space left on device") ||
				strings.Count(stderr.String(), "\n") > 2 {
				t.Errorf("exit status %d: %s", got, &stderr)
			}
			if strings.Contains(stdout.String(), `"type":"end"`) {
				t.Error("the report calls itself complete")
			}
			left, err := os.ReadDir(disk)
			for _, f := range left {
				if f.Name() != "parts" && f.Name() != "filler" {
					t.Errorf("%s is left", f.Name())
				}
			}
			if err != nil {
				t.Error(err)
			}
		})
	}

	// With room, what is kept goes on.
	parts := filepath.Join(t.TempDir(), "parts")
	data, err := os.ReadFile(filepath.Join(disk, "parts"))
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(parts, data, 0o644); err != nil {
		t.Fatal(err)
	}
	want, _, _ := inChildren(t, "", append(sweep[:len(sweep):len(sweep)], "-format", "jsonl")...)
	got, stderr, status := inChildren(t, "",
		append(sweep[:len(sweep):len(sweep)], "-format", "jsonl", "-resume", parts)...)
	if status != exitOK || got != want {
		t.Errorf("exit status %d: %s", status, stderr)
	}
}
