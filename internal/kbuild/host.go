// SPDX-License-Identifier: GPL-2.0-only

package kbuild

import (
	"context"
	"errors"
	"fmt"
	"os/exec"
	"strings"
)

// ErrHostTools says that the machine lacks programs or libraries that a kernel is built with; its text names them.
var ErrHostTools = errors.New("missing what a kernel is built with")

// hostTools are the programs of the machine that building takes, by Debian package.
var hostTools = []struct{ command, pkg string }{
	{"make", "make"}, {"cc", "gcc"}, {"python3", "python3"}, {"flex", "flex"}, {"bison", "bison"}, {"m4", "m4"},
	{"bc", "bc"}, {"perl", "perl-base"},
	{"tar", "tar"}, {"git", "git"}, {"xz", "xz-utils"}, {"pkg-config", "pkg-config"},
}

// checkHost reports whether the machine has what it takes.
func checkHost(ctx context.Context) error {
	var missing []string
	for _, t := range hostTools {
		if _, err := exec.LookPath(t.command); err != nil {
			missing = append(missing, t.pkg)
		}
	}
	for library, pkg := range map[string]string{"libelf": "libelf-dev", "zlib": "zlib1g-dev"} {
		if exec.CommandContext(ctx, "pkg-config", "--exists", library).Run() != nil {
			missing = append(missing, pkg)
		}
	}
	if len(missing) > 0 {
		return fmt.Errorf("%w: %s", ErrHostTools, strings.Join(missing, ", "))
	}
	return ctx.Err()
}
