// SPDX-License-Identifier: GPL-2.0-only

package walls

import (
	"fmt"
	"os"
	"os/signal"
	"strings"
	"sync"
	"time"

	"golang.org/x/sys/unix"
)

// A limiter limits what this process uses up. The kernel keeps the limits: they hold in C code, too.
type limiter struct {
	limits Limits

	mutex sync.Mutex
	base  uint64 // bytes of address space at the start
}

// start begins to watch. Say is called when the time is up, before the process ends.
func (l *limiter) start(limits Limits, say func(string)) error {
	l.limits = limits
	var err error
	if l.base, err = addressSpace(); err != nil {
		return err
	}
	if limits.CPU > 0 {
		up := make(chan os.Signal, 1)
		signal.Notify(up, unix.SIGXCPU)
		go func() {
			<-up
			say(fmt.Sprintf("the limit of %v of CPU time", limits.CPU))
			_ = unix.Kill(unix.Getpid(), unix.SIGKILL)
		}()
	}
	if limits.Memory > 0 {
		if err := soften(unix.RLIMIT_AS, l.base+limits.Memory); err != nil {
			return fmt.Errorf("the limit of memory: %w", err)
		}
	}
	return nil
}

// begin gives the process all of the time again.
func (l *limiter) begin() {
	if l.limits.CPU == 0 {
		return
	}
	l.mutex.Lock()
	defer l.mutex.Unlock()
	var used unix.Rusage
	if unix.Getrusage(unix.RUSAGE_SELF, &used) != nil {
		return
	}
	spent := time.Duration(used.Utime.Nano() + used.Stime.Nano())
	_ = soften(unix.RLIMIT_CPU, uint64((spent+l.limits.CPU+time.Second-1)/time.Second))
}

// soften sets a soft limit, as far as the hard one lets it.
func soften(which int, limit uint64) error {
	var r unix.Rlimit
	if err := unix.Getrlimit(which, &r); err != nil {
		return err
	}
	r.Cur = min(limit, r.Max)
	return unix.Setrlimit(which, &r)
}

// addressSpace is how many bytes of address space the process has: the first field of statm, in pages (proc(5)).
func addressSpace() (uint64, error) {
	text, err := os.ReadFile("/proc/self/statm")
	if err != nil {
		return 0, err
	}
	var pages uint64
	if _, err := fmt.Fscan(strings.NewReader(string(text)), &pages); err != nil {
		return 0, fmt.Errorf("/proc/self/statm: %w", err)
	}
	return pages * uint64(os.Getpagesize()), nil
}
