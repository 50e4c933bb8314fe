// SPDX-License-Identifier: GPL-2.0-only

package boot

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"stacksweep/internal/debian"
	"stacksweep/internal/wholefile"
)

// busyboxSuites are where Debian has a static busybox for arm64.
var busyboxSuites = []string{"bookworm", "trixie"}

// Busybox returns Debian's static busybox for arm64, from the cache if it is there. Its error is debian.ErrUnavailable
// if it has to be fetched and can't be.
func Busybox(ctx context.Context) ([]byte, error) {
	cache, err := os.UserCacheDir()
	if err != nil {
		return nil, err
	}
	dir := filepath.Join(cache, "stacksweep", "boot")
	file := filepath.Join(dir, "busybox")
	if have, err := os.ReadFile(file); !errors.Is(err, fs.ErrNotExist) {
		return have, err
	}
	source, err := debian.Open(ctx, filepath.Join(dir, "apt"), "arm64", busyboxSuites...)
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(filepath.Join(dir, "apt"))
	var binary []byte
	err = source.Read(ctx, "busybox-static", func(path string, contents io.Reader) error {
		if path != "/bin/busybox" && path != "/usr/bin/busybox" {
			return nil
		}
		var err error
		binary, err = io.ReadAll(contents)
		return err
	})
	if err != nil {
		return nil, err
	}
	if binary == nil {
		return nil, errors.New("package busybox-static has no busybox")
	}
	return binary, wholefile.Write(file, func(w io.Writer) error {
		_, err := w.Write(binary)
		return err
	})
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
