// SPDX-License-Identifier: GPL-2.0-only

package live

import (
	"context"
	"errors"
	"os"
	"testing"

	"stacksweep/internal/boot"
	"stacksweep/internal/debian"
	"stacksweep/internal/kernels"
)

// BenchmarkBooted records system calls of a booted kernel, one after the other: what a step costs through QEMU's stub,
// with registers, and stores where there are some.
func BenchmarkBooted(b *testing.B) {
	if os.Getenv("STACKSWEEP_BOOT") == "" || boot.Available() != nil {
		b.Skip("SKIP: STACKSWEEP_BOOT is not set, or there is no QEMU")
	}
	cached, err := kernels.Fetched()
	if err != nil || len(cached) == 0 {
		b.Skip("SKIP: no kernel is in the cache")
	}
	k, err := Open(cached[len(cached)-1], b.TempDir())
	if err != nil {
		b.Fatal(err)
	}
	s, err := Boot(context.Background(), k.Kernel, k.Image, 1, Script("vfs_read", ""))
	if errors.Is(err, debian.ErrUnavailable) {
		b.Skipf("SKIP: %v", err)
	}
	if err != nil {
		b.Fatal(err)
	}
	defer s.Close()
	steps := 0
	for b.Loop() {
		r, err := s.Run(context.Background(), Plan{SystemCall: sysRead, Limit: limit})
		if err != nil {
			b.Fatal(err)
		}
		steps += r.Len()
	}
	b.ReportMetric(float64(steps)/b.Elapsed().Seconds(), "steps/s")
}
