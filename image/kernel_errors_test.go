// SPDX-License-Identifier: GPL-2.0-only

package image

import (
	"bytes"
	"errors"
	"strings"
	"testing"
)

func TestKernelErrors(t *testing.T) {
	flat := fake(1, false)
	packed := fake(2, true)
	ambiguous := fake(0, true)
	ambiguous.twice = true
	longNames := fake(1, false)
	longNames.symbols = append(longNames.symbols, fakeSymbol{"t" + strings.Repeat("n", maxName+1), 0x8000})
	relaAt := func(b []byte) int { // of the first record
		i := bytes.Index(b, []byte{3, 4, 0, 0, 0, 0, 0, 0})
		return i - 8
	}
	swap := func(b []byte, at int) []byte {
		x, y := le.Uint32(b[at:]), le.Uint32(b[at+4:])
		le.PutUint32(b[at:], y)
		le.PutUint32(b[at+4:], x)
		return b
	}
	put64 := func(off int, v uint64) func([]byte) []byte {
		return func(b []byte) []byte { le.PutUint64(b[off:], v); return b }
	}
	for _, tt := range []struct {
		name   string
		kernel fakeKernel
		change func([]byte) []byte
		want   string
		reason error
	}{
		{"magic", flat, func(b []byte) []byte {
			b[imageMagicAt] = 'a'
			return b
		}, "0x0: not a file that holds arm64 code", ErrFormat},
		{"short", flat, func(b []byte) []byte { return b[:60] }, "0x0: not a file that holds arm64 code", ErrFormat},
		{"text offset", flat, put64(8, 0x80000), "0x8: text offset 0x80000: kernels before 5.10 are not supported",
			nil},
		{"no size", flat, put64(16, 0), "0x10: image size 0x0 is not between", nil},
		{"large", flat, put64(16, 1<<40), "0x10: image size 0x10000000000 is not between", nil},
		{"big-endian", flat, put64(24, 0xb), "0x18: not little-endian 64-bit AArch64: the kernel is big-endian",
			ErrArch},
		{"header only", flat, func(b []byte) []byte {
			return b[:64]
		}, "0x0: no symbols: no kallsyms table", ErrNoSymbols},
		{"memory smaller than the tables", flat, put64(16, 0x1800), "0x0: no symbols: no kallsyms table", ErrNoSymbols},
		{"relocation of another kernel", flat, func(b []byte) []byte {
			return put64(relaAt(b)+24*5, 0xffff900000000000)(b)
		}, "relocation for address 0xffff900000000000, value 0xffff800080000000: not of the kernel at base " +
			"0xffff800080000000", nil},
		{"relocation to another kernel", flat, func(b []byte) []byte {
			return put64(relaAt(b)+24*5+16, 0xffff900000000000)(b)
		}, "relocation for address 0xffff800080001028, value 0xffff900000000000: not of the kernel", nil},
		{"relocation beyond the file", flat, func(b []byte) []byte {
			return put64(relaAt(b)+24*5, flat.base+fakeSize-8)(b)
		}, "not of the kernel at base", nil},
		{"relocation of another type", flat, func(b []byte) []byte {
			return put64(relaAt(b)+24*(fakeCount+1)+8, 0x101)(put64(relaAt(b)+24*(fakeCount+1), flat.base+0x1000)(b))
		}, "relocation of type R_AARCH64_ABS64 in a kernel", nil},
		{"two tables", flat, func(b []byte) []byte {
			at := relaAt(b)
			return append(append(b, make([]byte, 8-len(b)%8)...), b[at:at+24*100]...)
		}, "a second table of relocations; the first is at", nil},
		{"two bases", flat, func(b []byte) []byte {
			other := packed
			other.base = 0xffff800008000000
			donor := other.build()
			k, _ := findKernel(t, donor)
			run, _ := k.relr()
			return append(append(b, make([]byte, 8-len(b)%8)...), donor[run.off:run.off+8*run.n]...)
		}, "the packed relocations are for base 0xffff800008000000, those at 0x5b18 for 0xffff800080000000", nil},
		{"addresses out of order", flat, func(b []byte) []byte {
			_, tok := findKernel(t, b)
			return swap(b, (tok.afterAll+7)&^7+400)
		}, "kallsyms: 1000 names, but no addresses in a layout that is known", nil},
		{"place-relative addresses out of order", packed, func(b []byte) []byte {
			_, tok := findKernel(t, b)
			return put64(tok.afterAll+400, 0)(b)
		}, "kallsyms: 1000 names, but no addresses in a layout that is known", nil},
		{"address beyond the kernel", flat, func(b []byte) []byte {
			_, tok := findKernel(t, b)
			le.PutUint32(b[(tok.afterAll+7)&^7+4*(tok.count-1):], fakeSize+1)
			return b
		}, "no addresses in a layout that is known", nil},
		{"code beyond the kernel", afterEnd(1, fakeSize, "tcode"), func(b []byte) []byte {
			return b
		}, "no addresses in a layout that is known", nil},
		{"constant beyond a kernel that ends elsewhere", afterEnd(2, fakeSize-8, "rconstant"), func(b []byte) []byte {
			return b
		}, "no addresses in a layout that is known", nil},
		{"start elsewhere", flat, func(b []byte) []byte {
			_, tok := findKernel(t, b)
			le.PutUint32(b[(tok.afterAll+7)&^7:], 4)
			return b
		}, "no addresses in a layout that is known", nil},
		{"text elsewhere", flat, func(b []byte) []byte {
			_, tok := findKernel(t, b)
			le.PutUint32(b[(tok.afterAll+7)&^7+4:], 0x800)
			return b
		}, "no addresses in a layout that is known", nil},
		{"relative base", flat, func(b []byte) []byte {
			k, tok := findKernel(t, b)
			at := ((tok.afterAll+7)&^7 + 4*tok.count + 7) &^ 7
			last := relaAt(b) + 24*fakeCount
			if le.Uint64(b[last:]) != k.base+uint64(at) {
				t.Fatal("the last relocation is not for the relative base")
			}
			return put64(last+16, k.base+0x1000)(b)
		}, "no addresses in a layout that is known", nil},
		{"markers", flat, func(b []byte) []byte {
			_, tok := findKernel(t, b)
			b[tok.start-8]++ // the last marker
			return b
		}, "a kallsyms token table without names before it", nil},
		{"count", flat, func(b []byte) []byte {
			_, tok := findKernel(t, b)
			b[tok.countAt]--
			return b
		}, "a kallsyms token table without names before it", nil},
		{"type letter", flat, func(b []byte) []byte {
			_, tok := findKernel(t, b)
			b[tok.names+1] = '%'
			return b
		}, "a kallsyms token table without names before it", nil},
		{"token index", flat, func(b []byte) []byte {
			_, tok := findKernel(t, b)
			b[tok.index+100]++
			return b
		}, "no symbols: no kallsyms table", ErrNoSymbols},
		{"token text", flat, func(b []byte) []byte {
			_, tok := findKernel(t, b)
			b[tok.start+40] = 7
			return b
		}, "no symbols: no kallsyms table", ErrNoSymbols},
		{"long name", longNames, func(b []byte) []byte { return b }, "kallsyms: name 1000 has 513 bytes", nil},
		{"two layouts", ambiguous, func(b []byte) []byte {
			return b
		}, "kallsyms: the addresses make sense both in the layout before 6.4 and in that since 6.4", nil},
		{"no known name", flat, func(b []byte) []byte {
			_, tok := findKernel(t, b)
			copy(b[tok.names:], bytes.Replace(b[tok.names:tok.names+20], []byte("text"), []byte("texx"), 2))
			return b
		}, "no addresses in a layout that is known", nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			im, err := Parse("FILE", tt.change(tt.kernel.build()))
			var e *Error
			if im != nil || !errors.As(err, &e) || !strings.Contains(err.Error(), tt.want) ||
				!strings.HasPrefix(err.Error(), "FILE: 0x") {
				t.Errorf("image %v, error %v\nwants %s", im != nil, err, tt.want)
			}
			if tt.reason != nil && !errors.Is(err, tt.reason) {
				t.Errorf("%v is not %v", err, tt.reason)
			}
		})
	}
	if _, err := Parse("FILE", flat.build(), At(0)); err == nil || !strings.Contains(err.Error(), "can't be moved") {
		t.Errorf("a kernel at another base: %v", err)
	}
}
