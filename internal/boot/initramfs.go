// SPDX-License-Identifier: GPL-2.0-only

package boot

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"

	"stacksweep/internal/debian"
)

// busyboxSuites are where Debian has a static busybox for arm64.
var busyboxSuites = []string{"bookworm", "trixie"}

// Busybox returns Debian's static busybox for arm64, from the cache if it is there. Its error is debian.ErrUnavailable
// if it has to be fetched and can't be.
func Busybox(ctx context.Context) ([]byte, error) {
	top, err := debian.Once(ctx, "busybox-arm64", "arm64", busyboxSuites, func(src *debian.Source, top string) error {
		defer os.RemoveAll(filepath.Join(top, "apt"))
		return src.Unpack(ctx, top, "busybox-static")
	})
	if err != nil {
		return nil, err
	}
	for _, name := range []string{"usr/bin/busybox", "bin/busybox"} {
		binary, err := os.ReadFile(filepath.Join(top, name))
		if !errors.Is(err, fs.ErrNotExist) {
			return binary, err
		}
	}
	return nil, errors.New("package busybox-static has no busybox")
}

// applets are what scripts may use of busybox, in addition to the shell's builtins.
var applets = []string{
	"sh", "cat", "dmesg", "grep", "head", "insmod", "kill", "ls", "lsmod", "mkdir", "mount", "nice", "poweroff", "ps",
	"rmmod", "sed", "sleep",
	"sort", "tail", "taskset", "touch", "uname", "wc",
}

// prologue is what every init script begins with.
const prologue = `#!/bin/sh
mount -t proc proc /proc
mount -t sysfs sys /sys
mount -t devtmpfs dev /dev
mount -t tracefs tracing /sys/kernel/tracing
`

// Initramfs makes an initramfs whose init mounts the usual file systems, tracefs among them, and is then a script.
func Initramfs(busybox []byte, script string, more ...File) []byte {
	files := []File{{Name: "bin/busybox", Mode: 0o755, Data: busybox},
		{Name: "init", Mode: 0o755, Data: []byte(prologue + script)}}
	for _, a := range applets {
		files = append(files, File{Name: "bin/" + a, Link: "busybox"})
	}
	for _, dir := range []string{"proc", "sys", "dev", "tmp"} {
		files = append(files, File{Name: dir + "/.keep", Mode: 0o644})
	}
	return Archive(append(files, more...))
}
