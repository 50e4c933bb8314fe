// SPDX-License-Identifier: GPL-2.0-only

package unwind

import (
	"encoding/binary"
	"errors"
	"io"
)

// The interfaces below are optional: a [Walker] implements them where its answer differs from the default, and a caller
// asks with the function of the same purpose.

// A Claimer is a walker that knows whether it can tell a reliable trace from an unreliable one. A walker that can't
// calls every trace reliable, and its traces are taken at face value.
type Claimer interface {
	Walker
	Claims() bool
}

// Claims reports whether w can tell whether a trace is reliable: true unless w is a [Claimer] that denies it.
func Claims(w Walker) bool {
	c, ok := w.(Claimer)
	return !ok || c.Claims()
}

// An EarlyWalker is a walker that may belong to a kernel without metadata frame records.
//
// Such a kernel's exception entry stores an ordinary frame record {X29, PC} of the interrupted context in pt_regs,
// where later kernels store a record {0, 0} followed by its type (arch/arm64/include/asm/stacktrace/frame.h). The two
// have entry code of their own, and a walker must be shown the kind of record that its kernel writes.
type EarlyWalker interface {
	Walker
	PreMetadata() bool
}

// PreMetadata reports whether w belongs to a kernel whose exceptions store an ordinary frame record: false unless w is
// an [EarlyWalker] that says so.
func PreMetadata(w Walker) bool {
	e, ok := w.(EarlyWalker)
	return ok && e.PreMetadata()
}

// A Recaller is a walker that knows a walk again which it has made before, by all that the walk depends on, and then
// doesn't make it.
type Recaller interface {
	Walker
	// Recall says whether it may do so. A new walker may.
	Recall(may bool)
}

// A BlockMemory is memory of which many words can be read at once.
type BlockMemory interface {
	Memory
	// ReadBlock fills p with the bytes from addr on. It returns false if some of them can't be read.
	ReadBlock(addr uint64, p []byte) bool
}

// ReadBlock fills p, the length of which is a multiple of 8, with the words of m from addr on. It returns false if some
// of them can't be read.
func ReadBlock(m Memory, addr uint64, p []byte) bool {
	if b, ok := m.(BlockMemory); ok {
		return b.ReadBlock(addr, p)
	}
	return ReadWords(m, addr, p)
}

// ReadWords is ReadBlock word by word.
func ReadWords(m Memory, addr uint64, p []byte) bool {
	for off := 0; off < len(p); off += 8 {
		word, ok := m.Word(addr + uint64(off))
		if !ok {
			return false
		}
		binary.LittleEndian.PutUint64(p[off:], word)
	}
	return true
}

// Close releases what the walkers hold apart from memory, such as a program that was started. A walker that holds such
// a thing is an [io.Closer]; the error of its Close says why it could not do its work at all.
func Close(walkers ...Walker) error {
	var errs []error
	for _, w := range walkers {
		if c, ok := w.(io.Closer); ok {
			errs = append(errs, c.Close())
		}
	}
	return errors.Join(errs...)
}
