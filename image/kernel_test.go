// SPDX-License-Identifier: GPL-2.0-only

package image

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
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
				path := filepath.Join(t.TempDir(), "fake")
				if err := os.WriteFile(path, data, 0o666); err != nil {
					t.Fatal(err)
				}
				loaded, err := Load(path) // whose bytes are the image's own
				if err != nil {
					t.Fatal(err)
				}
				if d := gocmp.Diff(im.Segments, loaded.Segments); d != "" {
					t.Errorf("segments (-Parse +Load):\n%s", d)
				}
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
