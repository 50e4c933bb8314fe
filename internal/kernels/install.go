// SPDX-License-Identifier: GPL-2.0-only

package kernels

import (
	"errors"
	"os"
	"path/filepath"
)

// Install puts a kernel that was built into the cache, in place of an older one of its name. Series, Release, Package,
// Version and Built are the caller's; vmlinux and config are files that are copied.
func Install(k Kernel, vmlinux, config string) (Kernel, error) {
	dir, unlock, err := lock()
	if err != nil {
		return Kernel{}, err
	}
	defer unlock()
	home := filepath.Join(dir, k.Release)
	if err := os.MkdirAll(home, 0o755); err != nil {
		return Kernel{}, err
	}
	k.Image, k.Config = filepath.Join(home, "vmlinux"), filepath.Join(home, "config")
	if k.Size, k.SHA256, err = saveFile(k.Image, vmlinux); err != nil {
		return Kernel{}, err
	}
	if _, _, err := saveFile(k.Config, config); err != nil {
		return Kernel{}, err
	}
	return k, record(dir, k)
}

// saveFile copies a file.
func saveFile(path, from string) (size int64, sha256 string, err error) {
	f, err := os.Open(from)
	if err != nil {
		return 0, "", err
	}
	size, sha256, err = save(path, f)
	return size, sha256, errors.Join(err, f.Close())
}
