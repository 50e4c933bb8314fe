// SPDX-License-Identifier: GPL-2.0-only

package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"time"
)

// stepping is what gdb does: after each step it asks for every frame.
const stepping = `
import gdb, time
gdb.execute("break work")
gdb.execute("continue")
gdb.execute("delete")
steps, began = 0, time.monotonic()
while time.monotonic() - began < %f:
    gdb.execute("stepi", to_string=True)
    frame = gdb.newest_frame()
    while frame is not None:
        frame.pc()
        frame = frame.older()
    steps += 1
print("peer: %%d steps in %%f" %% (steps, time.monotonic() - began))
gdb.execute("kill")
`

var steppingLine = regexp.MustCompile(`(?m)^peer: (\d+) steps in ([\d.]+)$`)

func userMode(ctx context.Context, b *bench, long time.Duration) (int, time.Duration, error) {
	qemu, err := exec.LookPath("qemu-aarch64")
	if err != nil {
		qemu = "qemu-aarch64-static"
	}
	return b.debug(
		ctx,
		long,
		"user",
		func(port string) []string { return []string{qemu, "-g", port, filepath.Join(b.dir, "user")} },
	)
}

func systemMode(ctx context.Context, b *bench, long time.Duration) (int, time.Duration, error) {
	return b.debug(ctx, long, "system", func(port string) []string {
		return []string{
			"qemu-system-aarch64",
			"-M",
			"virt",
			"-cpu",
			"max",
			"-m",
			"256M",
			"-display",
			"none",
			"-monitor",
			"none",
			"-serial",
			"none",
			"-nic",
			"none",
			"-S",
			"-gdb",
			"tcp:127.0.0.1:" + port,
			"-kernel",
			filepath.Join(b.dir, "system"),
		}
	})
}

// debug lets gdb step a program that an emulator runs.
func (b *bench) debug(
	ctx context.Context,
	long time.Duration,
	program string,
	emulator func(port string) []string,
) (int, time.Duration, error) {
	port, err := freePort()
	if err != nil {
		return 0, 0, err
	}
	command := emulator(port)
	ctx, cancel := context.WithTimeout(ctx, long+time.Minute)
	defer cancel()
	qemu := exec.CommandContext(ctx, command[0], command[1:]...)
	if err := qemu.Start(); err != nil {
		return 0, 0, err
	}
	defer func() {
		_ = qemu.Process.Kill()
		_ = qemu.Wait()
	}()
	out, err := exec.CommandContext(ctx, "gdb-multiarch", "-nx", "-q", "-batch",
		"-ex", "set confirm off", "-ex", "set tcp connect-timeout 20",
		"-ex", "file "+filepath.Join(b.dir, program), "-ex", "target remote 127.0.0.1:"+port,
		"-ex", "python exec("+strconv.Quote(fmt.Sprintf(stepping, long.Seconds()))+")").
		CombinedOutput()
	m := steppingLine.FindSubmatch(out)
	if m == nil {
		return 0, 0, errors.Join(err, fmt.Errorf("gdb: %s", bytes.TrimSpace(out)))
	}
	steps, _ := strconv.Atoi(string(m[1]))
	seconds, _ := strconv.ParseFloat(string(m[2]), 64)
	return steps, time.Duration(seconds * float64(time.Second)), nil
}

// freePort returns a port of loopback that nothing listens at.
func freePort() (string, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	defer l.Close()
	_, port, err := net.SplitHostPort(l.Addr().String())
	return port, err
}
