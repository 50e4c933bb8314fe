// SPDX-License-Identifier: GPL-2.0-only

// Modules fetches a few modules of the newest arm64 kernel of Debian into the cache folder and prints where they are:
// those with assembly in them, of arch/arm64/crypto, lib/crypto and lib/crc.
//
// They are the largest collection of real relocatable kernel code that can be had without building a kernel. Tests that
// read them skip when they were never fetched; none of them fetches them.
//
//	modules=$(go run ./tools/modules)
//
// Exit status 3, with the reason on stderr, says that they can't be had here.
package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"

	"stacksweep/internal/debian"
	"stacksweep/internal/kernels"
)

func main() {
	dir, err := fetch(context.Background())
	if err != nil {
		fmt.Fprintln(os.Stderr, "modules:", err)
		if errors.Is(err, debian.ErrUnavailable) {
			os.Exit(3)
		}
		os.Exit(1)
	}
	fmt.Println(dir)
}

// wanted matches the modules that are kept.
var wanted = regexp.MustCompile(`/kernel/(arch/arm64/crypto|lib/crypto|lib/crc)/([^/]+\.ko)(\.xz)?$`)

// fetch returns the folder with the modules, from the cache when it is there.
func fetch(ctx context.Context) (string, error) {
	return debian.Once(
		ctx,
		"modules",
		"arm64",
		[]string{"trixie-backports"},
		func(src *debian.Source, dir string) error {
			available, err := kernels.Available(ctx)
			if err != nil {
				return err
			}
			if len(available) == 0 {
				return fmt.Errorf("%w: the mirror has no arm64 kernel", debian.ErrUnavailable)
			}
			newest := available[len(available)-1]
			// Since 7.2 the modules have a package of their own.
			pkg := "linux-modules-" + newest.Release
			if names, err := src.Names(ctx, pkg); err != nil {
				return err
			} else if !slices.Contains(names, pkg) {
				pkg = newest.Package
			}
			return src.Read(ctx, pkg, func(path string, contents io.Reader) error {
				return keep(ctx, dir, path, contents)
			})
		},
	)
}

// keep writes a module of a package, uncompressed, if it is wanted.
func keep(ctx context.Context, dir, path string, contents io.Reader) error {
	m := wanted.FindStringSubmatch(path)
	if m == nil {
		return nil
	}
	var module bytes.Buffer
	if m[3] == "" {
		if _, err := io.Copy(&module, contents); err != nil {
			return err
		}
	} else {
		xz := exec.CommandContext(ctx, "xz", "-dc")
		xz.Stdin, xz.Stdout = contents, &module
		if err := xz.Run(); err != nil {
			return fmt.Errorf("%w: %s: xz: %v", debian.ErrUnavailable, path, err)
		}
	}
	return os.WriteFile(filepath.Join(dir, m[2]), module.Bytes(), 0o644)
}
