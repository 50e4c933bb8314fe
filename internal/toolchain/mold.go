// SPDX-License-Identifier: GPL-2.0-only

package toolchain

import (
	"context"
	"path/filepath"
)

// Mold returns the path of the linker mold of a Debian suite, which links for arm64, and of sid's age handles SFrame
// V3.
func Mold(ctx context.Context, suite string) (path string, err error) {
	b := bundle{
		name:    "mold-" + suite,
		suite:   suite,
		closure: []string{"mold"},
		skip:    func(string) bool { return false },
		wrap: func(root, bin string) error {
			program := filepath.Join(root, "usr/bin/mold")
			return script(root, program, program, filepath.Join(bin, "mold"))
		},
	}
	bin, err := b.fetch(ctx)
	return filepath.Join(bin, "mold"), err
}
