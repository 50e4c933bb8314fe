package findings

import (
	"bytes"
	"errors"
	"strings"
	"testing"

	"stacksweep/internal/kernels"
)

// Our models agree with the kernels' own unwinders everywhere.
func TestKernels(t *testing.T) {
	if testing.Short() {
		t.Skip("sweeps every kernel in the cache")
	}
	cached, err := kernels.Fetched()
	if err != nil {
		t.Fatal(err)
	}
	if len(cached) == 0 {
		t.Skip(ErrNoKernels)
	}
	var out bytes.Buffer
	if err := WriteKernels(t.Context(), &out, 2); err != nil {
		t.Fatal(err)
	}
	text := out.String()
	if agree, all := strings.Count(text, "differ at 0\n"), len(cached); agree != all {
		t.Errorf("model and kernel agree on %d of %d kernels:\n%s", agree, all, text)
	}
}

// Without kernels there is nothing to write.
func TestNoKernels(t *testing.T) {
	t.Setenv("XDG_CACHE_HOME", t.TempDir())
	var out bytes.Buffer
	if err := WriteKernels(t.Context(), &out, 1); !errors.Is(err, ErrNoKernels) || out.Len() > 0 {
		t.Errorf("got %v and %d bytes, want %v and none", err, out.Len(), ErrNoKernels)
	}
}
