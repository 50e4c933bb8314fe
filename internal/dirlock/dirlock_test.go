// SPDX-License-Identifier: GPL-2.0-only

package dirlock

import (
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
)

// Of ten that want the lock again and again, one at a time holds it.
func TestOneAtATime(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "made", "here")
	var wg sync.WaitGroup
	var inside atomic.Int32
	for range 10 {
		wg.Go(func() {
			for range 20 {
				unlock, err := Lock(dir, nil)
				if err != nil {
					t.Error(err)
					return
				}
				if n := inside.Add(1); n != 1 {
					t.Errorf("%d hold the lock at once", n)
				}
				inside.Add(-1)
				unlock()
			}
		})
	}
	wg.Wait()
}

func TestBusyIsSaid(t *testing.T) {
	dir := t.TempDir()
	unlock, err := Lock(dir, func() { t.Error("busy although the lock is free") })
	if err != nil {
		t.Fatal(err)
	}
	said := make(chan bool, 1)
	done := make(chan error, 1)
	go func() {
		unlock, err := Lock(dir, func() { said <- true })
		if err == nil {
			unlock()
		}
		done <- err
	}()
	<-said
	unlock()
	if err := <-done; err != nil {
		t.Error(err)
	}
}
