// SPDX-License-Identifier: GPL-2.0-only

// Package parallel shares out work that consists of many independent parts.
package parallel

import (
	"sync"
	"sync/atomic"
)

// Each does parts 0 to n-1, in up to so many goroutines. Each goroutine calls worker once, for what it alone needs, and
// then what that returned for one part after the other. It takes batch neighbouring parts at a time, so that parts may
// be small. Each returns when all parts are done.
func Each(jobs, n, batch int, worker func() func(part int)) {
	jobs = min(jobs, (n+batch-1)/batch)
	if jobs <= 1 {
		if n > 0 {
			do := worker()
			for i := range n {
				do(i)
			}
		}
		return
	}
	var taken atomic.Int64
	var workers sync.WaitGroup
	for range jobs {
		workers.Go(func() {
			do := worker()
			for {
				end := int(taken.Add(int64(batch)))
				if end-batch >= n {
					return
				}
				for i := end - batch; i < min(end, n); i++ {
					do(i)
				}
			}
		})
	}
	workers.Wait()
}
