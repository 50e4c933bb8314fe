// SPDX-License-Identifier: GPL-2.0-only

package livepatch

import (
	"context"
	"embed"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"

	"stacksweep/internal/boot"
	"stacksweep/internal/kbuild"
	"stacksweep/internal/kernels"
)

//go:embed module
var sources embed.FS

// A Tree is a kernel's source, and where it was built.
type Tree struct {
	Source, Build string
	Cross         string   // prefix of the tools' names: "aarch64-linux-gnu-", perhaps with a folder
	Make          []string // what else make is told
}

// TreeOf returns where a kernel was built here, and the source that is in the cache. Source is "" if there is none.
func TreeOf(k kernels.Entry) (t Tree, err error) {
	if t.Build, err = kbuild.TreeOf(k); err != nil {
		return t, err
	}
	found, err := filepath.Glob(filepath.Join(filepath.Dir(filepath.Dir(t.Build)), "source", "*", "tree"))
	if len(found) > 0 {
		t.Source = found[len(found)-1]
	}
	t.Cross = filepath.Join(t.Build+"-bin", "aarch64-linux-gnu-")
	return t, err
}

// modules are the names of their files.
var modules = []string{"stacksweep_lp.ko", "stacksweep_lp_inner.ko", "stacksweep_lp_patch.ko"}

// noBTF saves a program that modules of ours have no need of.
const noBTF = "CONFIG_DEBUG_INFO_BTF_MODULES="

// Modules builds the modules for a kernel.
func Modules(ctx context.Context, t Tree) ([]boot.File, error) {
	dir, err := os.MkdirTemp("", "stacksweep-modules")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	entries, err := sources.ReadDir("module")
	if err != nil {
		return nil, err
	}
	for _, e := range entries {
		text, err := sources.ReadFile("module/" + e.Name())
		if err != nil {
			return nil, err
		}
		if err := os.WriteFile(filepath.Join(dir, e.Name()), text, 0o600); err != nil {
			return nil, err
		}
	}
	args := append([]string{"-C", t.Source, "O=" + t.Build, "ARCH=arm64", "CROSS_COMPILE=" + t.Cross, "M=" + dir,
		noBTF}, t.Make...)
	cmd := exec.CommandContext(ctx, "make", append(args, "modules")...)
	cmd.Env = append(os.Environ(), "LC_ALL=C", "MAKEFLAGS=", "MFLAGS=")
	if out, err := cmd.CombinedOutput(); err != nil {
		return nil, fmt.Errorf("make modules: %w: %s", err, lastLines(string(out)))
	}
	var files []boot.File
	for _, name := range modules {
		data, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			return nil, err
		}
		files = append(files, boot.File{Name: name, Mode: 0o644, Data: data})
	}
	return files, nil
}

// lastLines is the end of what a program has printed, in one line, without what make says of itself.
func lastLines(text string) string {
	lines := slices.DeleteFunc(strings.Split(strings.TrimSpace(text), "\n"), func(l string) bool {
		return strings.HasPrefix(l, "make")
	})
	return strings.Join(lines[max(0, len(lines)-3):], " / ")
}
