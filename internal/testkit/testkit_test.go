// SPDX-License-Identifier: GPL-2.0-only

package testkit

import (
	"testing"
)

// What is missing skips a test and doesn't fail it.
func TestMissing(t *testing.T) {
	t.Setenv("XDG_CACHE_HOME", t.TempDir())
	for name, look := range map[string]func(*testing.T){
		"tool":    func(t *testing.T) { Tools(t, "sh", "no-such-program") },
		"libc":    func(t *testing.T) { Libc(t) },
		"kernels": func(t *testing.T) { Kernels(t) },
		"built":   func(t *testing.T) { BuiltKernels(t) },
	} {
		skipped := false
		t.Run(name, func(t *testing.T) {
			defer func() { skipped = t.Skipped() }()
			look(t)
		})
		if !skipped {
			t.Errorf("%s: not skipped", name)
		}
	}
}
