// SPDX-License-Identifier: GPL-2.0-only

package uc

// #include "recorder.h"
import "C"

import (
	"bytes"
	"runtime"
	"slices"
	"sync"
)

// idle are engines that were closed, the newest last. To make one takes a millisecond and a half, as long as to execute
// a hundred thousand instructions; one that had the same memory, at the same addresses, only has to be given its
// contents. Where these are the same code, it is not even translated again.
var idle struct {
	sync.Mutex
	engines []*Engine
}

// A layout is where an engine's memory is, and what may be done with it.
type layout struct {
	regions []place
	loads   int // how many are noted
}

type place struct {
	base, size uint64
	perms      uint32
}

// mostIdle is how much memory an engine may have to be used again, in bytes: it is cleared.
const mostIdle = 1 << 20

// layoutOf returns an empty layout for an engine that can't be used again.
func layoutOf(regions []Region, loads int) layout {
	l := layout{loads: loads}
	size := uint64(0)
	for _, g := range regions {
		if size += g.Size; size > mostIdle || g.Mapped.Size > 0 {
			return layout{}
		}
		l.regions = append(l.regions, place{g.Base, g.Size, g.Perms})
	}
	return l
}

func (l *layout) is(o *layout) bool {
	return l.loads == o.loads && len(l.regions) > 0 && slices.Equal(l.regions, o.regions)
}

// again returns an engine with a layout that was closed and is as good as new, or nil.
func again(want *layout, regions []Region) *Engine {
	idle.Lock()
	var e *Engine
	for i := len(idle.engines) - 1; i >= 0 && e == nil; i-- {
		if idle.engines[i].layout.is(want) {
			e = idle.engines[i]
			idle.engines = slices.Delete(idle.engines, i, i+1)
		}
	}
	idle.Unlock()
	if e == nil || e.fill(regions) != nil {
		return nil
	}
	return e
}

// fill gives the engine other contents. Code that stays the same stays translated.
func (e *Engine) fill(regions []Region) error {
	for i, g := range regions {
		host := e.host[i]
		isCode := g.Perms&PermExec != 0
		if isCode && bytes.Equal(host[:len(g.Data)], g.Data) && isZero(host[len(g.Data):]) {
			continue
		}
		clear(host[copy(host, g.Data):])
		if !isCode {
			continue
		}
		if err := e.CodeChanged(g.Base, g.Size); err != nil {
			e.free()
			return err
		}
	}
	return nil
}

func isZero(b []byte) bool { return len(b) == 0 || b[0] == 0 && bytes.Equal(b[1:], b[:len(b)-1]) }

// putAside keeps an engine to be used again, in the place of the one that has waited longest if there are many.
func putAside(e *Engine) bool {
	if len(e.layout.regions) == 0 || C.recorder_reset(e.r) == 0 {
		return false
	}
	kept := *e
	idle.Lock()
	defer idle.Unlock()
	idle.engines = append(idle.engines, &kept)
	if len(idle.engines) > 2+runtime.GOMAXPROCS(0) {
		idle.engines[0].free()
		idle.engines = slices.Delete(idle.engines, 0, 1)
	}
	return true
}
