// SPDX-License-Identifier: GPL-2.0-only

package main

import (
	"runtime"
	"testing"

	"stacksweep/sweep/registry"
)

// No more goroutines work than there are cores, but for those that wait for a program.
func TestGoroutines(t *testing.T) {
	cores := runtime.GOMAXPROCS(0)
	for _, tt := range []struct {
		walkers    string
		jobs, want int
	}{
		{"all", 1, 1},
		{"all", cores, cores},
		{"all", 3 * cores, cores},
		{"v6.17,dwarf,image", 3 * cores, cores},
		{"v6.17,exec:true", 3 * cores, 3 * cores},
	} {
		walkers, err := registry.Find(tt.walkers)
		if err != nil {
			t.Fatal(err)
		}
		if got := goroutines(tt.jobs, walkers); got != tt.want {
			t.Errorf("-j %d -walker %s: %d goroutines, want %d", tt.jobs, tt.walkers, got, tt.want)
		}
	}
}
