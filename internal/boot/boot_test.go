// SPDX-License-Identifier: GPL-2.0-only

package boot

import (
	"bytes"
	"context"
	"debug/elf"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"stacksweep/internal/kernels"
)

// TestArchive lets cpio unpack what was packed.
func TestArchive(t *testing.T) {
	if _, err := exec.LookPath("cpio"); err != nil {
		t.Skip("SKIP: cpio is not installed")
	}
	files := []File{{Name: "init", Mode: 0o755, Data: []byte("#!/bin/sh\n")},
		{Name: "a/b/c", Mode: 0o600, Data: []byte("odd")}, {Name: "a/l", Link: "b/c"}}
	dir := t.TempDir()
	cmd := exec.Command("cpio", "-i", "--quiet")
	cmd.Dir, cmd.Stdin = dir, bytes.NewReader(Archive(files))
	if out, err := cmd.CombinedOutput(); err != nil || len(out) > 0 {
		t.Fatalf("%v: %s", err, out)
	}
	for _, f := range files {
		path := filepath.Join(dir, f.Name)
		if f.Link != "" {
			if to, err := os.Readlink(path); err != nil || to != f.Link {
				t.Errorf("%s leads to %q, %v", f.Name, to, err)
			}
			continue
		}
		data, err := os.ReadFile(path)
		info, _ := os.Stat(path)
		if diff := cmp.Diff(string(f.Data), string(data)); err != nil || diff != "" ||
			uint32(info.Mode().Perm()) != f.Mode {
			t.Errorf("%s: %v, mode %v\n%s", f.Name, err, info.Mode(), diff)
		}
	}
}

func TestBootableRefuses(t *testing.T) {
	for name, data := range map[string]string{"empty": "", "text": strings.Repeat("x", 100),
		"elf": "\x7fELF\x02\x01\x01"} {
		file := filepath.Join(t.TempDir(), name)
		if err := os.WriteFile(file, []byte(data), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := Bootable(file, t.TempDir()); err == nil || strings.Contains(err.Error(), "\n") {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := flatten(
		&elf.File{
			Progs: []*elf.Prog{{ProgHeader: elf.ProgHeader{Type: elf.PT_LOAD, Paddr: 1, Filesz: 1 << 40}}}}); err ==
		nil {
		t.Error("a terabyte is flattened")
	}
}

func TestLoopbackOnly(t *testing.T) {
	for address, good := range map[string]bool{"127.0.0.1:1234": true, "[::1]:1234": true, "0.0.0.0:1234": false,
		":1234": false, "192.0.2.1:1": false} {
		if err := checkLoopback(address); (err == nil) != good {
			t.Errorf("%s: %v", address, err)
		}
	}
}

// TestNoProcessIsLeft starts a machine that stands before its first instruction, and ends it.
func TestNoProcessIsLeft(t *testing.T) {
	if err := Available(); err != nil {
		t.Skipf("SKIP: %v", err)
	}
	cached, err := kernels.Fetched()
	if err != nil || len(cached) == 0 {
		t.Skip("SKIP: no kernel is in the cache")
	}
	m, err := Start(context.Background(), Config{Kernel: cached[0].Image, Initramfs: Archive(nil), Stopped: true})
	if err != nil {
		t.Fatal(err)
	}
	pid := m.cmd.Process.Pid
	if err := m.Close(); err != nil {
		t.Error(err)
	}
	if err := syscall.Kill(pid, 0); err != syscall.ESRCH {
		t.Errorf("process %d: %v", pid, err)
	}
	if _, err := os.Stat(m.dir); !os.IsNotExist(err) {
		t.Errorf("%s is left", m.dir)
	}
}

func TestConsole(t *testing.T) {
	c := newConsole()
	go func() {
		for _, s := range []string{"one\r\n", "tw", "o\n"} {
			_, _ = c.Write([]byte(s))
		}
		c.end()
	}()
	if err := c.WaitFor(context.Background(), "two", time.Minute); err != nil {
		t.Error(err)
	}
	if err := c.WaitFor(context.Background(), "three", time.Minute); err == nil ||
		!strings.Contains(err.Error(), "two") {
		t.Errorf("%v", err)
	}
}
