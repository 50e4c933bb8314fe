// SPDX-License-Identifier: GPL-2.0-only

package image

import (
	"bytes"

	"github.com/cilium/ebpf/btf"
)

// btfHeader is how BTF version 1 begins: magic, version, flags, size of the header. include/uapi/linux/btf.h.
var btfHeader = []byte{0x9f, 0xeb, 1, 0, btfHeaderSize, 0, 0, 0}

const btfHeaderSize = 24

// types reads the BTF of a flat Image. Where the symbols say where it is, it must be there; else it is the largest blob
// that has the form of BTF.
func (k *kernel) types(symbols *Symbols) (*Types, error) {
	var best []byte
	at := 0
	for off := 0; ; off++ {
		i := bytes.Index(k.data[off:], btfHeader)
		if i < 0 {
			break
		}
		off += i
		if blob := btfBlob(k.data[off:]); len(blob) > len(best) {
			best, at = blob, off
		}
	}
	if start, ok := symbols.Lookup("__start_BTF"); ok && (best == nil || k.base+uint64(at) != start.Addr) {
		return nil, k.errorf(start.Addr-k.base, "__start_BTF is not at the kernel's BTF")
	}
	if best == nil {
		return nil, k.errorf(0, "%v (built without CONFIG_DEBUG_INFO_BTF?)", ErrNoTypes)
	}
	return k.loadTypes(best, uint64(at))
}

// elfTypes reads the BTF of an ELF file when it is asked for, if it has any.
func (ef *elfFile) elfTypes(im *Image) {
	for i := range ef.sections {
		if s := &ef.sections[i]; s.name == ".BTF" && s.data != nil {
			im.setTypes(func() (*Types, error) { return ef.loadTypes(s.data, s.offset) })
			return
		}
	}
}

// btfBlob returns the BTF that b begins with, nil if it isn't well-formed: the types come first, then the strings,
// which begin and end with NUL.
func btfBlob(b []byte) []byte {
	if len(b) < btfHeaderSize {
		return nil
	}
	typeOff, typeLen := uint64(le.Uint32(b[8:])), uint64(le.Uint32(b[12:]))
	strOff, strLen := uint64(le.Uint32(b[16:])), uint64(le.Uint32(b[20:]))
	end := btfHeaderSize + strOff + strLen
	if typeOff != 0 || typeLen == 0 || typeLen%4 != 0 || strOff < typeLen || strLen == 0 || end > uint64(len(b)) {
		return nil
	}
	if strings := b[btfHeaderSize+strOff : end]; strings[0] != 0 || strings[strLen-1] != 0 {
		return nil
	}
	return b[:end]
}

// loadTypes decodes the BTF that is in the file at off.
func (f *file) loadTypes(blob []byte, off uint64) (*Types, error) {
	spec, err := btf.LoadSpecFromReader(bytes.NewReader(blob))
	if err != nil {
		return nil, f.errorf(off, "BTF: %v", err)
	}
	return &Types{spec: spec}, nil
}
