// SPDX-License-Identifier: GPL-2.0-only

package image

import (
	"bytes"
	"compress/zlib"
	"debug/elf"
	"io"
)

const chdrSize = 24 // Elf64_Chdr: type, reserved, size, alignment. System V ABI, "Section Compression"

// debugFrame is the section with DWARF CFI that isn't loaded.
const debugFrame = ".debug_frame"

// unloaded returns the contents of a section that isn't loaded; nil if it has none, or none that are wanted: the
// debugging information of a kernel is too large to be uncompressed for nothing.
func (ef *elfFile) unloaded(s *elfSection) ([]byte, error) {
	switch {
	case s.flags&elf.SHF_COMPRESSED == 0:
		return s.data, nil
	case s.name != debugFrame || s.data == nil:
		return nil, nil
	}
	return ef.inflate(s)
}

// inflate returns the contents of a compressed section. What comes out must have the size that the header says; what
// it says is not used to reserve memory.
func (ef *elfFile) inflate(s *elfSection) ([]byte, error) {
	if s.size < chdrSize {
		return nil, ef.errorf(s.at, "section %s: 0x%x bytes are too few for a compression header", s.name, s.size)
	}
	kind, size := elf.CompressionType(le.Uint32(s.data)), le.Uint64(s.data[8:])
	if kind != elf.COMPRESS_ZLIB {
		return nil, ef.errorf(s.offset, "section %s: compression %v is not supported", s.name, kind)
	}
	if size > MaxSize {
		return nil, ef.errorf(s.offset+8, "section %s: more than 0x%x bytes when uncompressed", s.name, uint64(MaxSize))
	}
	z, err := zlib.NewReader(bytes.NewReader(s.data[chdrSize:]))
	if err != nil {
		return nil, ef.errorf(s.offset+chdrSize, "section %s: %v", s.name, err)
	}
	data, err := io.ReadAll(io.LimitReader(z, int64(size)+1))
	if err != nil {
		return nil, ef.errorf(s.offset+chdrSize, "section %s: %v", s.name, err)
	}
	if uint64(len(data)) != size {
		return nil, ef.errorf(s.offset+8, "section %s: uncompressed size is not the 0x%x bytes announced", s.name, size)
	}
	return data, nil
}
