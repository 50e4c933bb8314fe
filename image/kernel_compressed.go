// SPDX-License-Identifier: GPL-2.0-only

package image

import (
	"bytes"
	"compress/gzip"
	"io"
	"strings"
)

const (
	gzipMagic   = "\x1f\x8b"
	maxUnpacked = 256 << 20 // bytes; no kernel is larger without its debugging information
)

// compressions are those that kernels come in and that can't be undone here, by the first bytes of a file.
var compressions = []struct{ magic, name string }{
	{"\x28\xb5\x2f\xfd", "zstd"},
	{"\xfd7zXZ\x00", "xz"},
	{"\x02\x21\x4c\x18", "lz4"},
	{"\x04\x22\x4d\x18", "lz4"},
	{"\x89LZO\x00", "lzo"},
	{"\x5d\x00\x00", "lzma"},
	{"BZh", "bzip2"},
}

// packedPart is the gzip stream in a file, and where it is.
type packedPart struct {
	data   []byte
	offset uint64
}

// packed finds the gzip stream of a compressed file, nil if the file isn't compressed.
func (f *file) packed() (*packedPart, error) {
	if isZboot(f.data) {
		return f.zboot()
	}
	if bytes.HasPrefix(f.data, []byte(gzipMagic)) {
		return &packedPart{f.data, 0}, nil
	}
	for _, c := range compressions {
		if bytes.HasPrefix(f.data, []byte(c.magic)) {
			return nil, f.errorf(0, "compressed by %s, which is not supported: uncompress it first", c.name)
		}
	}
	return nil, nil
}

// uncompress returns the file that was compressed.
func (f *file) uncompress(packed *packedPart) (*file, error) {
	z, err := gzip.NewReader(bytes.NewReader(packed.data))
	if err != nil {
		return nil, f.errorf(packed.offset, "gzip: %v", err)
	}
	z.Multistream(false) // a signature may follow
	data, err := io.ReadAll(io.LimitReader(z, maxUnpacked+1))
	if err != nil {
		return nil, f.errorf(packed.offset, "gzip: %v", err)
	}
	if len(data) > maxUnpacked {
		return nil, f.errorf(packed.offset, "gzip: more than 0x%x bytes when uncompressed", maxUnpacked)
	}
	return &file{f.name + " (uncompressed)", data}, nil
}

// The header of an EFI zboot file, a boot program that holds a compressed Image: drivers/firmware/efi/libstub/
// zboot-header.S. The offset and the size of the payload are little-endian u32, the compression's name is
// NUL-terminated.
const (
	zbootMagic       = "zimg"
	zbootMagicAt     = 4
	zbootPayloadAt   = 8
	zbootSizeAt      = 12
	zbootTypeAt      = 24
	zbootTypeEnd     = 56
	zbootHeaderBytes = 64
)

func isZboot(data []byte) bool {
	return len(data) >= zbootHeaderBytes && string(data[:2]) == "MZ" &&
		string(data[zbootMagicAt:zbootMagicAt+4]) == zbootMagic
}

// zboot finds the payload of an EFI zboot file.
func (f *file) zboot() (*packedPart, error) {
	kind, _, terminated := strings.Cut(string(f.data[zbootTypeAt:zbootTypeEnd]), "\x00")
	if !terminated || kind != "gzip" {
		return nil,
			f.errorf(zbootTypeAt, "EFI zboot file compressed by %q, which is not supported: uncompress it first", kind)
	}
	offset, size := uint64(le.Uint32(f.data[zbootPayloadAt:])), uint64(le.Uint32(f.data[zbootSizeAt:]))
	data, err := f.within(offset, size, zbootPayloadAt, "the payload")
	if err != nil {
		return nil, err
	}
	return &packedPart{data, offset}, nil
}
