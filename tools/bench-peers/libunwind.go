// SPDX-License-Identifier: GPL-2.0-only

package main

import (
	"context"
	"fmt"
	"path/filepath"
	"time"

	"stacksweep/internal/libunwind"
)

// sweepingByLibunwind sweeps by examples/libunwind, which has to be built first.
func sweepingByLibunwind(ctx context.Context, b *bench, long time.Duration) (int, time.Duration, error) {
	command, err := libunwind.Build(ctx, filepath.Join(b.dir, "libunwind-walker"))
	if libunwind.CantBeHad(err) {
		return 0, 0, fmt.Errorf("%w: %w", errMissing, err)
	}
	if err != nil {
		return 0, 0, err
	}
	return sweeping("exec:"+command)(ctx, b, long)
}
