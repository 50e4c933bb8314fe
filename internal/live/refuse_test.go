// SPDX-License-Identifier: GPL-2.0-only

package live

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"stacksweep/emu/remote"
)

// TestRefusesMachines: real machines that can't be recorded, of which attach_test.go has the imitations.
func TestRefusesMachines(t *testing.T) {
	if os.Getenv("STACKSWEEP_BOOT") != "all" {
		t.Skip("SKIP: STACKSWEEP_BOOT is not all")
	}
	all := bootables(t)
	k, other := all[0], all[len(all)-1]
	const arm64 = "qemu-system-aarch64 -M virt,gic-version=3 -cpu max,pauth-impdef=on"
	for _, c := range []struct {
		name, machine string
		kernel        *Bootable
		tell          string // the kernel; it panics, since it finds no root file system
		until         string // what it prints
		want          error
	}{
		{"KASLR is on", arm64, k, "console=ttyAMA0", "Booting Linux", ErrKASLR},
		{"another kernel", arm64, other, "console=ttyAMA0 nokaslr", "Booting Linux", ErrOtherImage},
		{"before the kernel has begun", arm64 + " -S", k, "console=ttyAMA0 nokaslr", "", ErrOtherImage},
		{"another CPU", "qemu-system-arm -M virt -S", nil, "", "", remote.ErrArchitecture},
	} {
		t.Run(c.name, func(t *testing.T) {
			args := strings.Fields(c.machine)
			if _, err := exec.LookPath(args[0]); err != nil {
				t.Skipf("SKIP: %v", err)
			}
			dir := t.TempDir()
			stub, console := filepath.Join(dir, "gdb"), filepath.Join(dir, "console")
			args = append(args, "-m", "512M", "-display", "none", "-monitor", "none", "-serial", "file:"+console,
				"-nic", "none", "-gdb", "unix:"+stub+",server=on,wait=off")
			if c.kernel != nil {
				args = append(args, "-kernel", c.kernel.Image, "-append", c.tell)
			}
			cmd := exec.CommandContext(t.Context(), args[0], args[1:]...)
			if err := cmd.Start(); err != nil {
				t.Fatal(err)
			}
			defer func() { _ = cmd.Process.Kill(); _ = cmd.Wait() }()
			ready := func() bool {
				text, _ := os.ReadFile(console)
				_, err := os.Stat(stub)
				return err == nil && strings.Contains(string(text), c.until)
			}
			for start := time.Now(); !ready(); time.Sleep(50 * time.Millisecond) {
				if time.Since(start) > BootWait {
					t.Fatal("it doesn't begin")
				}
			}
			s, err := Attach(context.Background(), k.Kernel, stub)
			if err == nil {
				s.Close()
			}
			if !errors.Is(err, c.want) || strings.Contains(err.Error(), "\n") {
				t.Errorf("%v, not one line of %v", err, c.want)
			}
			t.Log(err)
		})
	}
}
