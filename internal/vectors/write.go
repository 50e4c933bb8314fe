// SPDX-License-Identifier: GPL-2.0-only

package vectors

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"hash"
	"io"
)

const (
	magic   = "SSVECTOR"
	version = 1
)

// Kinds of records.
const (
	kindInfo = iota + 1
	kindImage
	kindPatch
	kindHooks
	kindMemory
	kindPoint
	kindEnd
)

// A writer writes records and keeps the first error.
type writer struct {
	w      io.Writer
	sum    hash.Hash
	points uint64
	err    error
}

// newWriter writes the header.
func newWriter(w io.Writer) *writer {
	out := &writer{w: w, sum: sha256.New()}
	out.raw([]byte(magic))
	out.raw(binary.LittleEndian.AppendUint64(nil, version))
	return out
}

func (w *writer) raw(b []byte) {
	if w.err == nil {
		w.sum.Write(b)
		_, w.err = w.w.Write(b)
	}
}

// record writes a record whose payload is the parts, one after the other.
func (w *writer) record(kind uint32, parts ...[]byte) {
	payload := bytes.Join(parts, nil)
	head := binary.LittleEndian.AppendUint32(nil, kind)
	w.raw(binary.LittleEndian.AppendUint32(head, uint32(len(payload))))
	w.raw(payload)
	w.raw(make([]byte, -len(payload)&7))
	if kind == kindPoint {
		w.points++
	}
}

// close writes the last record, which says what all before it must be.
func (w *writer) close() error {
	sum := w.sum.Sum(nil)
	w.record(kindEnd, words(w.points), sum)
	return w.err
}

// words are 64-bit little-endian numbers.
func words(list ...uint64) []byte {
	b := make([]byte, 0, 8*len(list))
	for _, x := range list {
		b = binary.LittleEndian.AppendUint64(b, x)
	}
	return b
}
