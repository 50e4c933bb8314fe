// SPDX-License-Identifier: GPL-2.0-only

package kbuild

import (
	"io"
	"os"
	"path/filepath"
	"regexp"
)

// A Request is a kernel to be built.
type Request struct {
	Compiler Compiler
	Variant  Variant
	// Source is a folder with a kernel's source, which is not written to; "" is Debian's newest.
	Source string
	// Patches are files or folders of patches, applied to a copy of the source.
	Patches []string
	Config  Config
	// Name is the kernel's name in the cache; "" makes one from what it is built of.
	Name string
	Jobs int // of make
	// Newest asks the mirror for a newer source than the one in the cache.
	Newest bool
	// Leaves lists the names of the assembly functions of a vmlinux that are leaf, for variants that annotate those.
	Leaves func(vmlinux string) ([]string, error)
	// Log is told what is being done, and how long it took.
	Log io.Writer
}

// Dir is the folder of sources and build trees, which need not exist.
func Dir() (string, error) {
	cache, err := os.UserCacheDir()
	if err != nil {
		return "", err
	}
	return filepath.Join(cache, "stacksweep", "kernel-build"), nil
}

// validName matches what a kernel may be called: a folder is named so, and patterns of scenarios match it.
var validName = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._+-]*$`)
