// SPDX-License-Identifier: GPL-2.0-only

package image

import (
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"strings"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"stacksweep/internal/blind"
)

// namesOf lists the symbols of an image in the way of a fake kernel's, with the address for the offset.
func namesOf(im *Image) map[string][]uint64 {
	m := map[string][]uint64{}
	for s := range im.Symbols.All() {
		m[s.Name] = append(m[s.Name], s.Addr)
	}
	return m
}

func (k fakeKernel) names() map[string][]uint64 {
	m := map[string][]uint64{}
	for _, s := range k.symbols {
		m[s.name[1:]] = append(m[s.name[1:]], k.base+uint64(s.off))
	}
	return m
}

func TestFakeKernels(t *testing.T) {
	for layout := range layouts {
		for _, packed := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s,packed=%v", layouts[layout].name, packed), func(t *testing.T) {
				k := fake(layout, packed)
				data := k.build()
				before := bytes.Clone(data)
				im, err := Parse("fake", data)
				if err != nil {
					t.Fatal(err)
				}
				if !bytes.Equal(before, data) {
					t.Error("the input was changed")
				}
				checkImage(t, data, im, nil)
				if d := gocmp.Diff(k.names(), namesOf(im)); d != "" {
					t.Errorf("symbols (-want +got):\n%s", d)
				}
				if im.Kind != Kernel || im.Base != k.base || im.Entry != k.base || im.Segments[0].Size != fakeSize ||
					im.Segments[0].Perm.String() != "rwx" {
					t.Errorf("kind %v, base 0x%x, entry 0x%x, 0x%x bytes %v", im.Kind, im.Base, im.Entry,
						im.Segments[0].Size, im.Segments[0].Perm)
				}
				b, _ := im.Bytes(k.base+fakePointers, 8*fakeCount)
				for i := 0; i < len(b); i += 8 {
					if le.Uint64(b[i:]) != k.base {
						t.Fatalf("pointer %d is 0x%x", i/8, le.Uint64(b[i:]))
					}
				}
				if s, ok := im.Symbols.At(k.base + 0x1004); !ok || s.Kind != Func {
					t.Errorf("At(_stext+4) = %+v, %v", s, ok)
				}
				if s, ok := im.Symbols.Lookup("tsys_j_the_xx9"); !ok || s.Kind != Object || s.Global {
					t.Errorf("a local variable is %+v, %v", s, ok)
				}
			})
		}
	}
}

// afterEnd adds symbols to a fake kernel: of its end, and of something that was linked after it and isn't in the
// Image.
func afterEnd(layout int, end uint32, after string) fakeKernel {
	k := fake(layout, true)
	k.symbols = append(k.symbols, fakeSymbol{"B_end", end}, fakeSymbol{after, fakeSize + 0x26})
	return k
}

// TestBehindTheEnd has a symbol of .modinfo, which no Image has, but kallsyms of some kernels.
func TestBehindTheEnd(t *testing.T) {
	for layout := 1; layout < len(layouts); layout++ {
		k := afterEnd(layout, fakeSize, "r__UNIQUE_ID_modinfo_0")
		data := k.build()
		im, err := Parse("fake", data)
		if err != nil {
			t.Errorf("%s: %v", layouts[layout].name, err)
			continue
		}
		checkImage(t, data, im, nil)
		want := k.names()
		delete(want, "__UNIQUE_ID_modinfo_0")
		if d := gocmp.Diff(want, namesOf(im)); d != "" {
			t.Errorf("%s: symbols (-want +got):\n%s", layouts[layout].name, d)
		}
	}
}

// TestFakeKernelFixed has no relocations: the base comes from the symbols, or from the pointers, where they tell it.
func TestFakeKernelFixed(t *testing.T) {
	for layout := range layouts {
		k := fake(layout, false)
		k.rela = false
		im, err := Parse("fake", k.build())
		if err != nil {
			t.Errorf("%s: %v", layouts[layout].name, err)
		} else if d := gocmp.Diff(k.names(), namesOf(im)); d != "" {
			t.Errorf("%s: symbols (-want +got):\n%s", layouts[layout].name, d)
		}
	}
}

// TestUnknownBase has symbols that are the same at any base, and pointers that don't tell it.
func TestUnknownBase(t *testing.T) {
	for name, pointer := range map[string]func(i int) uint64{
		"none":                   func(int) uint64 { return 0 },
		"beyond any kernel":      func(i int) uint64 { return -uint64(i) - 1 },
		"few":                    func(i int) uint64 { return 0xffff800080000000 * uint64(b2i(i < chance-1)) },
		"to two bases":           func(i int) uint64 { return 0xffff800080000000 + uint64(i%5/4)<<27 },
		"to the end of a kernel": func(int) uint64 { return 0xffff800080000000 + fakeSize },
	} {
		k := fake(2, false)
		k.rela = false
		data := k.build()
		for i := range fakeCount {
			le.PutUint64(data[fakePointers+8*i:], pointer(i))
		}
		if im, err := Parse("fake", data); im != nil || err == nil ||
			!strings.Contains(err.Error(), "no addresses in a layout that is known") {
			t.Errorf("pointers %s: %v", name, err)
		}
	}
}

func TestKallsymsRandom(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		k := fake(rapid.IntRange(0, 2).Draw(t, "layout"), rapid.Bool().Draw(t, "packed"))
		k.base = rapid.SampledFrom([]uint64{0xffff800008000000, 0xffff800080000000, 0xffffffc080000000}).Draw(t, "base")
		name := rapid.StringMatching(`[tTdDrRbBwWV]([a-z_]{1,20}|(sys_|__|read)[a-z]{100,140}|[a-z0-9.$]{1,9})`)
		off := uint32(0x1000)
		k.symbols = k.symbols[:2]
		random := rapid.SliceOfN(name, 20, 20).Draw(t, "names")
		for i := range minSymbols + rapid.IntRange(0, 600).Draw(t, "more") {
			off += uint32(rapid.IntRange(0, 2).Draw(t, "distance")) * 4
			k.symbols = append(k.symbols, fakeSymbol{random[i%len(random)] + fmt.Sprint(i), off})
		}
		want := k.names()
		for n := range want {
			if isMapping(n) {
				delete(want, n)
			}
		}
		im, err := Parse("fake", k.build())
		if err != nil {
			t.Fatal(err)
		}
		if d := gocmp.Diff(want, namesOf(im)); d != "" {
			t.Fatalf("symbols (-want +got):\n%s", d)
		}
	})
}

// findKernel reads the tables of a fake kernel, for tests that break them in a known place.
func findKernel(t testing.TB, data []byte) (*kernel, *tokens) {
	t.Helper()
	k := &kernel{file: &file{"fake", bytes.Clone(data)}, size: fakeSize}
	if err := k.relocate(); err != nil {
		t.Fatal(err)
	}
	for index := 0; index+indexSize <= len(data); index += 4 {
		if tok, ok := k.tokenTable(index); ok {
			steps := budget
			if err := k.findNames(tok, &steps); err != nil {
				t.Fatal(err)
			}
			return k, tok
		}
	}
	t.Fatal("no token table")
	return nil, nil
}

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

func TestTypes(t *testing.T) {
	im, err := Parse("fake", fake(1, false).build())
	if err != nil {
		t.Fatal(err)
	}
	types, err := im.Types()
	if err != nil {
		t.Fatal(err)
	}
	if again, _ := im.Types(); again != types {
		t.Error("the types are read again")
	}
	for _, tt := range []struct {
		name, member string
		want         uint64
		reason       error
		text         string
	}{
		{"task", "state", 0, nil, ""},
		{"task", "word", 8, nil, ""},
		{"task", "inner", 16, nil, ""},
		{"task", "regs", 32, nil, ""},
		{"task", "regs.sp", 40, nil, ""},
		{"regs_t", "sp", 8, nil, ""},
		{"task", "regs.low", 48, nil, ""},
		{"regs", "high", 0, nil, "member high is a bit field"},
		{"task", "regs.fp", 0, ErrNoMember, "struct task: no such member regs.fp"},
		{"task", "state.x", 0, ErrNoMember, "no such member state.x"},
		{"task", "", 0, ErrNoMember, ""},
		{"task", "regs.", 0, ErrNoMember, ""},
		{"nothing", "state", 0, ErrNoType, "struct nothing: no such type"},
		{"ulong_t", "state", 0, ErrNoType, ""},
		{"twice", "a", 0, nil, "struct twice: several types have this name"},
	} {
		got, err := types.Offset(tt.name, tt.member)
		wrong := tt.reason != nil || tt.text != ""
		if got != tt.want || (err != nil) != wrong || types.Has(tt.name, tt.member) == wrong {
			t.Errorf("Offset(%q, %q) = %d, %v; want %d", tt.name, tt.member, got, err, tt.want)
		}
		if tt.reason != nil && !errors.Is(err, tt.reason) || wrong && !strings.Contains(err.Error(), tt.text) {
			t.Errorf("Offset(%q, %q): %v; want %s", tt.name, tt.member, err, tt.text)
		}
	}
	for name, want := range map[string]uint64{"task": 56, "regs": 24, "regs_t": 24} {
		if got, err := types.Size(name); got != want || err != nil {
			t.Errorf("Size(%q) = %d, %v", name, got, err)
		}
	}
	if _, err := types.Size("unsigned int"); !errors.Is(err, ErrNoType) {
		t.Errorf("the size of what is no struct: %v", err)
	}
}

func TestNoTypes(t *testing.T) {
	k := fake(1, false)
	for name, blob := range map[string][]byte{"none": nil, "cut": fakeBTF()[:100], "header": btfHeader} {
		k.btf = blob
		im, err := Parse("fake", k.build())
		if err != nil {
			t.Fatal(err)
		}
		if types, err := im.Types(); types != nil || !errors.Is(err, ErrNoTypes) {
			t.Errorf("%s: %v, %v", name, types, err)
		}
	}
	k.btf = fakeBTF()
	k.symbols = append(k.symbols, fakeSymbol{"D__start_BTF", fakeSize - 8})
	im, err := Parse("fake", k.build())
	if err != nil {
		t.Fatal(err)
	}
	if types, err := im.Types(); types != nil || err == nil ||
		!strings.Contains(err.Error(), "__start_BTF is not at the kernel's BTF") {
		t.Errorf("BTF in another place than the symbol says: %v, %v", types, err)
	}
	elf, err := Load("testdata/elf/prog")
	if err != nil {
		t.Fatal(err)
	}
	if types, err := elf.Types(); types != nil || !errors.Is(err, ErrNoTypes) {
		t.Errorf("an ELF file without BTF: %v, %v", types, err)
	}
}

// TestELFTypes reads the types of an ELF file, as of a vmlinux or a module.
func TestELFTypes(t *testing.T) {
	ef := elfFile{file: &file{"vmlinux", nil}, sections: []elfSection{{}, {name: ".BTF", data: fakeBTF()}}}
	im := &Image{}
	ef.elfTypes(im)
	types, err := im.Types()
	if err != nil {
		t.Fatal(err)
	}
	if size, err := types.Size("task"); size != 56 || err != nil {
		t.Errorf("Size = %d, %v", size, err)
	}
	ef.sections[1].data = fakeBTF()[:50]
	ef.elfTypes(im)
	if types, err := im.Types(); types != nil || err == nil || !strings.HasPrefix(err.Error(), "vmlinux: 0x0: BTF: ") {
		t.Errorf("half of it: %v, %v", types, err)
	}
}

// FuzzKernel breaks a few bytes of a good kernel. Whatever is still accepted must keep the promises of the package.
func FuzzKernel(f *testing.F) {
	var good [3][3][]byte
	for layout := range good {
		good[layout] = [3][]byte{
			fake(layout, false).build(), fake(layout, true).build(),
			afterEnd(max(1, layout), fakeSize, "r__UNIQUE_ID_modinfo_0").build(),
		}
	}
	_, tok := findKernel(f, good[1][0])
	patch := func(at, value int) []byte { return le.AppendUint32([]byte{byte(value)}, uint32(at)) }
	for _, at := range []int{16, 24, tok.countAt, tok.names, tok.start - 4, tok.start, tok.index + 2, tok.afterAll} {
		f.Add(uint8(1), patch(at, 1))
	}
	f.Add(uint8(5), patch(0x3000, 1))
	f.Add(uint8(0), []byte{})
	f.Add(uint8(8), []byte{})
	blind.Fuzz(f, func(t *testing.T, which uint8, patches []byte) {
		data := bytes.Clone(good[which%3][which/3%3])
		for ; len(patches) >= 5; patches = patches[5:] {
			data[int(le.Uint32(patches[1:]))%len(data)] = patches[0]
		}
		im, err := Parse("fuzz", data)
		checkImage(t, data, im, err)
		if err != nil {
			return
		}
		for s := range im.Symbols.All() {
			if s.Addr < im.Base || s.Addr > im.Base+im.Segments[0].Size {
				t.Errorf("symbol %+v is outside", s)
			}
		}
		stext, ok := im.Symbols.Lookup("_stext")
		text, okText := im.Symbols.Lookup("_text")
		if !ok && !okText || okText && text.Addr != im.Base || ok && stext.Addr == im.Base {
			t.Errorf("_text %+v, _stext %+v, base 0x%x", text, stext, im.Base)
		}
	})
}

// FuzzFile reads any bytes as a file of any kind.
func FuzzFile(f *testing.F) {
	f.Add(zipped([]byte("MZ")))
	f.Add(zboot("gzip", zipped([]byte("MZ"))))
	f.Add(readTestdata(f, "elf/prog"))
	f.Add(fake(2, true).build()[:0x100])
	blind.Fuzz(f, func(t *testing.T, data []byte) {
		im, err := Parse("fuzz", data)
		if err != nil {
			checkImage(t, data, im, err)
		} else {
			checkImage(t, nil, im, nil)
		}
	})
}

// FuzzTypes reads any bytes as BTF: it must not panic, and what is found lies within the struct.
func FuzzTypes(f *testing.F) {
	f.Add(fakeBTF())
	blind.Fuzz(f, func(t *testing.T, data []byte) {
		file := &file{"fuzz", data}
		types, err := file.loadTypes(data, 0)
		if (types == nil) != (err != nil) {
			t.Fatalf("types %v, error %v", types != nil, err)
		}
		if err != nil {
			return
		}
		size, err := types.Size("task")
		if err != nil && size != 0 {
			t.Errorf("size %d, error %v", size, err)
		}
		for _, member := range []string{"state", "inner", "regs.sp", "regs.high"} {
			if off, err := types.Offset("task", member); err != nil && off != 0 {
				t.Errorf("offset %d, error %v", off, err)
			}
		}
	})
}
