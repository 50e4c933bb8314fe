// SPDX-License-Identifier: GPL-2.0-only

package recfile

import (
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"sync"

	"github.com/klauspost/compress/zstd"

	"stacksweep/emu"
)

// Errors of Read and Decode wrap one of these.
var (
	// ErrNoRecording: the file isn't one of a recording.
	ErrNoRecording = errors.New("not a recording")
	// ErrVersion: it is one of a version that this program doesn't know.
	ErrVersion = errors.New("a recording of another version")
	// ErrDamaged: a part of it is missing, or isn't what was written.
	ErrDamaged = errors.New("a damaged recording")
)

// maxBody is more than the body of any recording has.
const maxBody = 1 << 32

// Read reads a file.
func Read(path string) (*File, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	f, err := Decode(data)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return f, nil
}

// Decode reads the bytes of a file. What it accepts can be walked by a cursor from end to end.
func Decode(data []byte) (*File, error) {
	if !Is(data) {
		return nil, ErrNoRecording
	}
	if len(data) < headerSize {
		return nil, fmt.Errorf("%w: it ends after %d bytes", ErrDamaged, len(data))
	}
	if v, zero := binary.LittleEndian.Uint32(data[8:]), binary.LittleEndian.Uint32(data[12:]); v != version ||
		zero != 0 {
		return nil, fmt.Errorf("%w: %d, not %d", ErrVersion, v, version)
	}
	if sum := sha256.Sum256(data[48:]); string(sum[:]) != string(data[16:48]) {
		return nil, fmt.Errorf("%w: its checksum is another", ErrDamaged)
	}
	size := binary.LittleEndian.Uint64(data[48:])
	if size > maxBody {
		return nil, fmt.Errorf("%w: a body of %d bytes", ErrDamaged, size)
	}
	body, err := decompress(data[headerSize:], size)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrDamaged, err)
	}
	r := &reader{p: body}
	f := r.body()
	if r.err == nil && len(r.p) > 0 {
		r.err = fmt.Errorf("%d bytes too many", len(r.p))
	}
	if r.err != nil {
		return nil, fmt.Errorf("%w: %w", ErrDamaged, r.err)
	}
	return f, nil
}

// decoder is shared: it takes megabytes.
var decoder = sync.OnceValues(func() (*zstd.Decoder, error) {
	return zstd.NewReader(nil, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxMemory(maxBody))
})

// decompress makes size bytes of a Zstandard frame, which may claim anything.
func decompress(frame []byte, size uint64) ([]byte, error) {
	var h zstd.Header
	if err := h.Decode(frame); err != nil {
		return nil, err
	}
	if !h.HasFCS || h.FrameContentSize != size {
		return nil, fmt.Errorf("its frame is of %d bytes, not %d", h.FrameContentSize, size)
	}
	z, err := decoder()
	if err != nil {
		return nil, err
	}
	body, err := z.DecodeAll(frame, nil)
	if err == nil && uint64(len(body)) != size {
		err = fmt.Errorf("a body of %d bytes, not %d", len(body), size)
	}
	return body, err
}

// reader reads a body. After an error all it reads is zero.
type reader struct {
	p   []byte
	err error
}

func (r *reader) fail(format string, args ...any) {
	if r.err == nil {
		r.err = fmt.Errorf(format, args...)
	}
	r.p = nil
}

func (r *reader) bytes(n uint64) []byte {
	if n > uint64(len(r.p)) {
		r.fail("it ends within something of %d bytes", n)
		return nil
	}
	p := r.p[:n:n]
	r.p = r.p[n:]
	return p
}

func (r *reader) u8() uint8 {
	if p := r.bytes(1); p != nil {
		return p[0]
	}
	return 0
}

func (r *reader) u32() uint32 {
	if p := r.bytes(4); p != nil {
		return binary.LittleEndian.Uint32(p)
	}
	return 0
}

func (r *reader) u64() uint64 {
	if p := r.bytes(8); p != nil {
		return binary.LittleEndian.Uint64(p)
	}
	return 0
}

// count reads a number of things of at least size bytes each.
func (r *reader) count(size int) int {
	n := r.u32()
	if uint64(n)*uint64(size) > uint64(len(r.p)) {
		r.fail("it ends within %d things of %d bytes", n, size)
		return 0
	}
	return int(n)
}

func (r *reader) regs() (regs emu.Regs) {
	var all [numRegs]uint64
	for i := range all {
		all[i] = r.u64()
	}
	return fromWords(&all)
}

func fromWords(all *[numRegs]uint64) (r emu.Regs) {
	copy(r.X[:], all[:])
	r.SP, r.PC, r.PState = all[31], all[32], all[33]
	return r
}

func (r *reader) body() *File {
	f := &File{Description: r.bytes(r.u64())}
	mode := r.u32()
	if mode > uint32(emu.Full) {
		r.fail("mode %d", mode)
	}
	start, end := r.regs(), r.regs()
	memory, err := emu.NewMemory(nil)
	if err != nil {
		r.fail("%w", err)
	}
	for range r.count(20) {
		region := emu.Region{Base: r.u64(), Size: r.u64(), Perm: emu.Perm(r.u32())}
		region.Data = r.bytes(region.Size)
		if r.err != nil {
			return nil
		}
		if err := memory.Add(region); err != nil {
			r.fail("%w", err)
		}
	}
	var chunks []*emu.Chunk
	first := 0
	for range r.count(16) {
		c := r.chunk(emu.Mode(mode))
		if r.err != nil {
			return nil
		}
		c.First = first
		first += c.Steps
		chunks = append(chunks, c)
	}
	if r.err != nil {
		return nil
	}
	if f.Recording, err = emu.NewRecording(emu.Mode(mode), start, end, memory, chunks); err != nil {
		r.fail("%w", err)
	}
	return f
}

// Sizes of what chunks consist of, in bytes.
const (
	storeSize    = 29
	frameSize    = 32
	transferSize = 37
)

func (r *reader) chunk(mode emu.Mode) *emu.Chunk {
	steps, stores, frames, transfers := r.u32(), r.u32(), r.u32(), r.u32()
	need := uint64(steps)*8 + uint64(stores)*storeSize + uint64(frames)*frameSize + uint64(transfers)*transferSize
	if mode == emu.Full {
		need += uint64(steps) * 8
	}
	if need > uint64(len(r.p)) {
		r.fail("it ends within a chunk of %d steps", steps)
		return nil
	}
	c := &emu.Chunk{Steps: int(steps)}
	for range steps {
		c.PC = append(c.PC, r.u64())
	}
	for range stores {
		c.Stores = append(c.Stores, emu.Store{Step: r.u32(), Size: r.u8(), Addr: r.u64(), Old: r.u64(), New: r.u64()})
	}
	for range frames {
		c.Frames = append(c.Frames, emu.FrameRegs{Step: r.u32(), PState: r.u32(), SP: r.u64(), FP: r.u64(),
			LR: r.u64()})
	}
	for range transfers {
		c.Transfers = append(c.Transfers, emu.Transfer{Step: r.u32(), Kind: emu.TransferKind(r.u8()), To: r.u64(),
			SP: r.u64(), FP: r.u64(), LR: r.u64()})
	}
	if mode != emu.Full {
		return c
	}
	var now [numRegs]uint64
	for range steps {
		changed := r.u64()
		if changed>>numRegs != 0 {
			r.fail("an unknown register")
		}
		for n := range now {
			if changed>>n&1 != 0 {
				now[n] = r.u64()
			}
		}
		if r.err != nil {
			return c
		}
		c.Full = append(c.Full, fromWords(&now))
	}
	return c
}
