// SPDX-License-Identifier: GPL-2.0-only

package toolchain

import (
	"context"
	"path/filepath"
	"strings"
)

const target = "aarch64-linux-gnu-"

// Binutils returns a folder with the GNU assembler, linker and their kin for arm64 of a Debian suite, each both under
// its plain name, for gcc -B, and with the target's prefix. Those of sid emit SFrame V3 (binutils ≥ 2.46); Debian 12's
// own emit V1, which the kernel doesn't read.
func Binutils(ctx context.Context, suite string) (bin string, err error) {
	return crossBinutils(ctx, "binutils-"+suite, suite, "aarch64")
}

// CrossBinutils is Binutils for another machine, as its tools have it in their names: "x86_64", "s390x".
func CrossBinutils(ctx context.Context, suite, machine string) (bin string, err error) {
	return crossBinutils(ctx, "binutils-"+suite+"-"+machine, suite, machine)
}

func crossBinutils(ctx context.Context, name, suite, machine string) (bin string, err error) {
	target := machine + "-linux-gnu-"
	pkg := "binutils-" + strings.ReplaceAll(machine, "_", "-") + "-linux-gnu"
	b := bundle{
		name:     name,
		suite:    suite,
		packages: []string{pkg, "libbinutils", "libc6", "zlib1g", "libzstd1", "libjansson4"},
		families: []string{"libsframe", "libctf"},
		wrap: func(root, bin string) error {
			tools, err := filepath.Glob(filepath.Join(root, "usr/bin", target+"*"))
			if err != nil {
				return err
			}
			for _, tool := range tools {
				name := filepath.Base(tool)
				for _, as := range []string{strings.TrimPrefix(name, target), name} {
					if err := script(root, tool, name, filepath.Join(bin, as)); err != nil {
						return err
					}
				}
			}
			return nil
		},
	}
	return b.fetch(ctx)
}
