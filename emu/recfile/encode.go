// SPDX-License-Identifier: GPL-2.0-only

package recfile

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"sync"

	"github.com/klauspost/compress/zstd"

	"stacksweep/emu"
	"stacksweep/internal/wholefile"
)

const (
	magic      = "stkswrec"
	version    = 1
	headerSize = 56
	numRegs    = 34
)

// A File is a recording with the description of its run.
type File struct {
	Description []byte
	*emu.Recording
}

// Encode returns the file's bytes. They depend on nothing but what is in it.
func Encode(f *File) ([]byte, error) {
	if f.Mode != emu.Sparse && f.Mode != emu.Full {
		return nil, fmt.Errorf("a recording in mode %d has no steps to be kept", f.Mode)
	}
	w := &writer{}
	w.body(f)
	z, err := encoder()
	if err != nil {
		return nil, err
	}
	rest := z.EncodeAll(w.p, binary.LittleEndian.AppendUint64(nil, uint64(len(w.p))))
	return seal(rest), nil
}

// seal puts the header before the size of the body and its frame.
func seal(rest []byte) []byte {
	sum := sha256.Sum256(rest)
	out := append([]byte(magic), version, 0, 0, 0, 0, 0, 0, 0)
	return append(append(out, sum[:]...), rest...)
}

// encoder is shared: it takes megabytes.
var encoder = sync.OnceValues(func() (*zstd.Encoder, error) {
	return zstd.NewWriter(nil, zstd.WithEncoderConcurrency(1))
})

// Write writes a file, whole or not at all.
func Write(path string, f *File) error {
	data, err := Encode(f)
	if err != nil {
		return err
	}
	return wholefile.Bytes(path, data)
}

// Is reports whether a file begins like a recording.
func Is(start []byte) bool { return bytes.HasPrefix(start, []byte(magic)) }

type writer struct{ p []byte }

func (w *writer) u8(v uint8)   { w.p = append(w.p, v) }
func (w *writer) u32(v uint32) { w.p = binary.LittleEndian.AppendUint32(w.p, v) }
func (w *writer) u64(v uint64) { w.p = binary.LittleEndian.AppendUint64(w.p, v) }

// words are registers in the order of the file.
func words(r *emu.Regs) (all [numRegs]uint64) {
	copy(all[:], r.X[:])
	all[31], all[32], all[33] = r.SP, r.PC, r.PState
	return all
}

func (w *writer) regs(r *emu.Regs) {
	for _, v := range words(r) {
		w.u64(v)
	}
}

func (w *writer) body(f *File) {
	w.u64(uint64(len(f.Description)))
	w.p = append(w.p, f.Description...)
	w.u32(uint32(f.Mode))
	w.regs(&f.Start)
	w.regs(&f.End)
	regions := f.Initial.Regions()
	w.u32(uint32(len(regions)))
	for _, r := range regions {
		w.u64(r.Base)
		w.u64(r.Size)
		w.u32(uint32(r.Perm))
		w.p = append(w.p, r.Data...)
	}
	w.u32(uint32(len(f.Chunks)))
	for _, c := range f.Chunks {
		w.chunk(c)
	}
}

func (w *writer) chunk(c *emu.Chunk) {
	for _, n := range []int{c.Steps, len(c.Stores), len(c.Frames), len(c.Transfers)} {
		w.u32(uint32(n))
	}
	for _, pc := range c.PC {
		w.u64(pc)
	}
	for i := range c.Stores {
		s := &c.Stores[i]
		w.u32(s.Step)
		w.u8(s.Size)
		w.u64(s.Addr)
		w.u64(s.Old)
		w.u64(s.New)
	}
	for i := range c.Frames {
		r := &c.Frames[i]
		w.u32(r.Step)
		w.u32(r.PState)
		w.u64(r.SP)
		w.u64(r.FP)
		w.u64(r.LR)
	}
	for i := range c.Transfers {
		t := &c.Transfers[i]
		w.u32(t.Step)
		w.u8(uint8(t.Kind))
		w.u64(t.To)
		w.u64(t.SP)
		w.u64(t.FP)
		w.u64(t.LR)
	}
	var last [numRegs]uint64
	for i := range c.Full {
		now := words(&c.Full[i])
		changed := uint64(0)
		for n := range now {
			if now[n] != last[n] {
				changed |= 1 << n
			}
		}
		w.u64(changed)
		for n := range now {
			if changed>>n&1 != 0 {
				w.u64(now[n])
			}
		}
		last = now
	}
}
