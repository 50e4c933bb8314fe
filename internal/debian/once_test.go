// SPDX-License-Identifier: GPL-2.0-only

package debian

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"testing"
)

// What is complete is not filled again, and asks neither apt nor the network; what an attempt has left that failed is
// not complete.
func TestOnce(t *testing.T) {
	cache := t.TempDir()
	t.Setenv("XDG_CACHE_HOME", cache)
	t.Setenv("PATH", "") // no apt-get
	fill := func(*Source, string) error { t.Error("filled without packages"); return nil }
	if _, err := Once(context.Background(), "tools", "arm64", "sid", fill); !errors.Is(err, ErrUnavailable) {
		t.Fatalf("without apt: %v, want ErrUnavailable", err)
	}
	top := filepath.Join(cache, "stacksweep", "tools")
	if _, err := os.Stat(filepath.Join(top, "complete")); err == nil {
		t.Fatal("what could not be filled is complete")
	}
	if err := os.WriteFile(filepath.Join(top, "complete"), nil, 0o644); err != nil {
		t.Fatal(err)
	}
	if got, err := Once(context.Background(), "tools", "arm64", "sid", fill); err != nil || got != top {
		t.Errorf("%q, %v, want %q", got, err, top)
	}
}
