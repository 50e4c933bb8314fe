// SPDX-License-Identifier: GPL-2.0-only

package kernels

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
)

// Files are those of a kernel that was built.
type Files struct {
	Vmlinux string
	Config  string
	Boot    string   // the Image; "": there is none
	Modules []string // their paths
}

// Install puts a kernel that was built into the cache, in place of an older one of its name. Series, Release, Package,
// Version and Built are the caller's; the files are copied.
func Install(k Entry, f Files) (Entry, error) {
	dir, unlock, err := lock()
	if err != nil {
		return Entry{}, err
	}
	defer unlock()
	home := filepath.Join(dir, k.Release)
	if err := os.MkdirAll(home, 0o755); err != nil {
		return Entry{}, err
	}
	k.Image, k.Config = filepath.Join(home, "vmlinux"), filepath.Join(home, "config")
	if k.Size, k.SHA256, err = saveFile(k.Image, f.Vmlinux); err != nil {
		return Entry{}, err
	}
	copies := map[string]string{k.Config: f.Config}
	if f.Boot != "" {
		k.Boot = filepath.Join(home, "Image")
		copies[k.Boot] = f.Boot
	}
	modules := filepath.Join(home, "modules")
	if err := os.RemoveAll(modules); err != nil { // of an older one
		return Entry{}, err
	}
	if len(f.Modules) > 0 {
		k.Modules = modules
		if err := os.Mkdir(modules, 0o755); err != nil {
			return Entry{}, err
		}
		for _, m := range f.Modules {
			copies[filepath.Join(modules, filepath.Base(m))] = m
		}
	}
	k.Sums = nil
	for to, from := range copies {
		_, digest, err := saveFile(to, from)
		if err == nil {
			err = k.sum(to, digest)
		}
		if err != nil {
			return Entry{}, err
		}
	}
	return k, record(dir, k)
}

// Remove takes a kernel of a series or release out of the cache. Its error is ErrNotFetched if the cache lacks it.
func Remove(name string) error {
	dir, unlock, err := lock()
	if err != nil {
		return err
	}
	defer unlock()
	kernels, err := readManifest(dir)
	if err != nil {
		return err
	}
	i := slices.IndexFunc(kernels, func(k Entry) bool { return k.Series == name || k.Release == name })
	if i < 0 {
		return fmt.Errorf("kernel %s: %w", name, ErrNotFetched)
	}
	home := filepath.Dir(kernels[i].Image)
	if err := writeManifest(dir, slices.Delete(kernels, i, i+1)); err != nil {
		return err
	}
	return os.RemoveAll(home)
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
