// SPDX-License-Identifier: GPL-2.0-only

package walls

import (
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

const (
	// patience is how long a child and the processes that it has started may do next to nothing before it is taken for
	// deadlocked. A walker of the user's that doesn't answer is given up earlier.
	patience = 5 * time.Minute
	// busy is the share of a processor's time that is more than nothing: timers and a display of progress take less.
	busy = 0.002

	ticksPerSecond = 100 // USER_HZ, the unit of times in /proc/PID/stat, on every architecture that Go runs on
)

// stalls kills a child that does nothing for as long as the parent has patience, and reports whether it did.
func (p *parent) stalls(child *os.Process, stop <-chan bool) bool {
	tick := time.NewTicker(p.patience / 20)
	defer tick.Stop()
	work := work{used: groupTime(child.Pid), since: time.Now()}
	for {
		select {
		case <-stop:
			return false
		case now := <-tick.C:
			if work.idle(now, groupTime(child.Pid)) >= p.patience {
				return child.Kill() == nil
			}
		}
	}
}

// work is what CPU time processes had used when they were last seen to work.
type work struct {
	used  time.Duration
	since time.Time
}

// idle returns for how long they have done nothing, when they have used so much.
func (w *work) idle(now time.Time, used time.Duration) time.Duration {
	idle := now.Sub(w.since)
	if (used - w.used).Seconds() > busy*idle.Seconds() {
		*w = work{used, now}
		return 0
	}
	return idle
}

// groupTime is the CPU time that the processes of a group have used, and those of their children that have ended.
func groupTime(group int) (sum time.Duration) {
	all, _ := filepath.Glob("/proc/[0-9]*/stat")
	for _, name := range all {
		text, err := os.ReadFile(name)
		if err != nil {
			continue // it has ended meanwhile
		}
		if g, used := parseStat(string(text)); g == group {
			sum += used
		}
	}
	return sum
}

// parseStat reads a process's group and its CPU time: of /proc/PID/stat (proc(5)) the field 5 and the sum of 14 to 17.
// The second field is a name in parentheses that may have blanks and parentheses in it.
func parseStat(text string) (group int, used time.Duration) {
	fields := strings.Fields(text[strings.LastIndexByte(text, ')')+1:])
	const third = 3 // the number of the field after the name
	if len(fields) <= 17-third {
		return 0, 0
	}
	group, _ = strconv.Atoi(fields[5-third])
	for _, f := range fields[14-third : 18-third] {
		ticks, _ := strconv.ParseInt(f, 10, 64)
		used += time.Duration(ticks) * time.Second / ticksPerSecond
	}
	return group, used
}
