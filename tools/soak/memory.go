// SPDX-License-Identifier: GPL-2.0-only

package main

import (
	"fmt"
	"os"
	"runtime"
	"runtime/debug"
	"strings"
)

// memory says how much of it is in use, once what is free has been given back: by the process (proc(5), status), and by
// what Go has allocated. The rest is the engine's.
func memory() string {
	debug.FreeOSMemory()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	resident := "unknown"
	status, _ := os.ReadFile("/proc/self/status")
	for line := range strings.Lines(string(status)) {
		if rest, ok := strings.CutPrefix(line, "VmRSS:"); ok {
			resident = strings.TrimSpace(rest)
		}
	}
	return fmt.Sprintf("resident %s, Go heap %d kB, %d goroutines", resident, m.HeapAlloc>>10, runtime.NumGoroutine())
}
