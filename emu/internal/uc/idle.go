// SPDX-License-Identifier: GPL-2.0-only

package uc

// #include "recorder.h"
// #include <stdlib.h>
import "C"

import (
	"runtime"
	"slices"
	"sync"
	"unsafe"
)

// idle are recorders of engines that were closed, as good as new: to make an engine takes a millisecond and a half, as
// long as to execute a hundred thousand instructions.
var idle struct {
	sync.Mutex
	recorders []*C.struct_recorder
}

// newRecorder returns a recorder for [Open] to fill in: an idle one, if the regions need no other hooks than those that
// it has.
func newRecorder(regions []Region, loads int) *C.struct_recorder {
	const writableCode = PermWrite | PermExec
	usual := loads == 0 && !slices.ContainsFunc(regions, func(g Region) bool {
		return g.Perms&writableCode == writableCode
	})
	idle.Lock()
	defer idle.Unlock()
	if n := len(idle.recorders) - 1; usual && n >= 0 {
		r := idle.recorders[n]
		idle.recorders = idle.recorders[:n]
		return r
	}
	return (*C.struct_recorder)(C.calloc(1, C.sizeof_struct_recorder))
}

// closeRecorder makes a recorder idle, or frees it.
func closeRecorder(r *C.struct_recorder) {
	if C.recorder_reset(r) != 0 {
		idle.Lock()
		defer idle.Unlock()
		if len(idle.recorders) < runtime.GOMAXPROCS(0) {
			idle.recorders = append(idle.recorders, r)
			return
		}
	}
	C.recorder_close(r)
	C.free(unsafe.Pointer(r))
}
