// SPDX-License-Identifier: GPL-2.0-only

package toolchain

import (
	"context"
	"path/filepath"
)

// Pahole returns the path of the program that makes BTF of DWARF. Kernels want one from 1.26 on; Debian 12 has an older
// one.
func Pahole(ctx context.Context) (path string, err error) {
	b := bundle{
		name:    "pahole-sid",
		suite:   "sid",
		closure: []string{"pahole"},
		skip:    func(string) bool { return false },
		wrap: func(root, bin string) error {
			return script(root, filepath.Join(root, "usr/bin/pahole"), "pahole", filepath.Join(bin, "pahole"))
		},
	}
	bin, err := b.fetch(ctx)
	return filepath.Join(bin, "pahole"), err
}
