// SPDX-License-Identifier: GPL-2.0-only

// Package dirlock lets one process at a time change a folder of the cache.
package dirlock

import (
	"fmt"
	"os"
	"syscall"
)

// Lock makes the folder if need be and holds its lock until unlock is called or the process ends, however it ends.
// While another process or another call holds it, Lock waits; busy, unless nil, is called once before it does.
//
// The lock is flock(2)'s on the folder itself: it leaves no file, and readers that don't ask for it aren't kept out.
func Lock(dir string, busy func()) (unlock func(), err error) {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, err
	}
	f, err := os.Open(dir)
	if err != nil {
		return nil, err
	}
	if syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB) == nil {
		return func() { f.Close() }, nil
	}
	if busy != nil {
		busy()
	}
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX); err != nil {
		f.Close()
		return nil, fmt.Errorf("lock %s: %w", dir, err)
	}
	return func() { f.Close() }, nil
}
