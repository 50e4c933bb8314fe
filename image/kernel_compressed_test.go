// SPDX-License-Identifier: GPL-2.0-only

package image

import (
	"bytes"
	"compress/gzip"
	"strings"
	"testing"
)

func zipped(data []byte) []byte {
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	w.Write(data)
	w.Close()
	return b.Bytes()
}

// zboot wraps a payload in the header of an EFI zboot file.
func zboot(kind string, payload []byte) []byte {
	b := make([]byte, 0x200)
	copy(b, "MZ\x00\x00zimg")
	le.PutUint32(b[8:], uint32(len(b)))
	le.PutUint32(b[12:], uint32(len(payload)))
	copy(b[24:56], kind)
	return append(append(b, payload...), "signature"...)
}

func TestCompressed(t *testing.T) {
	flat := fake(1, false).build()
	elfFile := readTestdata(t, "elf/prog")
	for _, tt := range []struct {
		name string
		data []byte
		want string // of the error
	}{
		{"gzip", zipped(flat), ""},
		{"gzip with a signature", append(zipped(flat), "signature"...), ""},
		{"gzip twice", zipped(zipped(flat)), ""},
		{"gzip thrice", zipped(zipped(zipped(flat))),
			"FILE (uncompressed) (uncompressed): 0x0: compressed more than 2 times"},
		{"gzip of ELF", zipped(elfFile), ""},
		{"gzip of something", zipped([]byte("something")),
			"FILE (uncompressed): 0x0: not a file that holds arm64 code"},
		{"truncated gzip", zipped(flat)[:1000], "FILE: 0x0: gzip: unexpected EOF"},
		{"gzip header", []byte("\x1f\x8b\x07\x00\x00\x00\x00\x00\x00\x00"), "FILE: 0x0: gzip: "},
		{"gzip checksum", func() []byte {
			b := zipped(flat)
			b[len(b)-6] ^= 1
			return b
		}(), "FILE: 0x0: gzip: gzip: invalid checksum"},
		{"zboot", zboot("gzip", zipped(flat)), ""},
		{"zboot zstd", zboot("zstd", zipped(flat)),
			`FILE: 0x18: EFI zboot file compressed by "zstd", which is not supported`},
		{"zboot nameless", zboot(strings.Repeat("x", 32), zipped(flat)), "FILE: 0x18: EFI zboot file compressed by"},
		{"zboot offset", func() []byte {
			b := zboot("gzip", zipped(flat))
			le.PutUint32(b[8:], 1<<31)
			return b
		}(), "FILE: 0x8: the payload"},
		{"zboot payload", zboot("gzip", flat), "FILE: 0x200: gzip: gzip: invalid header"},
		{"zstd", []byte("\x28\xb5\x2f\xfd...."),
			"FILE: 0x0: compressed by zstd, which is not supported: uncompress it first"},
		{"xz", []byte("\xfd7zXZ\x00\x00"), "compressed by xz"},
		{"lz4", []byte("\x02\x21\x4c\x18...."), "compressed by lz4"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			im, err := Parse("FILE", tt.data)
			if tt.want == "" {
				if err != nil {
					t.Fatal(err)
				}
				checkImage(t, nil, im, nil)
				return
			}
			if im != nil || err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("image %v, error %v\nwants %s", im != nil, err, tt.want)
			}
		})
	}
}
