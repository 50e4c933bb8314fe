package kernel_test

import (
	"bytes"
	"debug/elf"
	"encoding/binary"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"stacksweep/emu/image"
	"stacksweep/internal/kernels"
	"stacksweep/scenarios/corpus"
	"stacksweep/scenarios/kernel"
	"stacksweep/sweep"
	"stacksweep/unwind/sframe"
)

// A vmlinux tells the same as the Image that is made of it: every walker that needs no tables says the same at every
// point of the same scenarios; and its tables are found.
func TestVmlinux(t *testing.T) {
	im := newestImage(t)
	flat, err := kernel.New("own", im)
	if err != nil {
		t.Fatal(err)
	}
	linked := parseKernel(t, vmlinux(im, table(t, im, sframe.V3)))
	if got := len(linked.Scenarios()); got != len(flat.Scenarios()) {
		t.Fatalf("%d scenarios, the Image has %d", got, len(flat.Scenarios()))
	}
	for name, variant := range map[string]string{"fgraph-return": "empty", "fgraph-cycle": "empty", "kretprobe": "handler"} {
		var results [2][]sweep.Summary
		for i, k := range []*kernel.Kernel{flat, linked} {
			sweepTarget(t, find(t, k, name, variant), sweep.Modes(), "v6.1,v6.17,fp", func(r *sweep.RunResult) {
				results[i] = slices.Clone(r.Summaries)
			})
		}
		if diff := cmp.Diff(results[0], results[1]); diff != "" {
			t.Errorf("%s:%s: Image (-) and vmlinux (+) differ:\n%s", name, variant, diff)
		}
	}
	// The Image has no table to look anything up in; in the vmlinux the described function is found across an interrupt.
	for k, want := range map[*kernel.Kernel]bool{flat: false, linked: true} {
		sweepTarget(t, find(t, k, "fgraph-return", "nested"), []sweep.Mode{sweep.IRQ}, "sframe", func(r *sweep.RunResult) {
			walked := slices.ContainsFunc(r.Points, func(p sweep.Point) bool {
				s, _ := r.Symbols.At(p.PC)
				return s.Name == described && !p.Trace.Failure.Failed()
			})
			if walked != want {
				t.Errorf("sframe walks across an interrupt in %s: %t, want %t", described, walked, want)
			}
		})
	}
}

// Only a kernel is taken for one.
func TestIs(t *testing.T) {
	if kernel.Is(corpus.Image()) {
		t.Error("the corpus, which has functions of a kernel's names, is taken for a kernel")
	}
}

// A table that the kernel would refuse is an error that names it.
func TestVmlinuxBadTable(t *testing.T) {
	im := newestImage(t)
	linked, err := image.Parse("vmlinux", vmlinux(im, table(t, im, sframe.V2)))
	if err != nil {
		t.Fatal(err)
	}
	_, err = kernel.New("own", linked)
	var bad *image.Error
	if !errors.Is(err, sframe.ErrUnsupported) || !errors.As(err, &bad) || !strings.Contains(bad.What, ".sframe") {
		t.Errorf("a section of version 2: %v", err)
	}
}

// described is the function that table describes.
const described = "ftrace_return_to_handler"

// tableGap is how far behind the kernel's start vmlinux puts the table: behind its end.
const tableGap = 100 << 20

// table makes an SFrame section for one function, which says of all of it what is true of its first instruction: the CFA
// is SP, and the return address in LR.
func table(t *testing.T, im *image.Image, v sframe.Version) []byte {
	t.Helper()
	f, ok := im.Symbols.Lookup(described)
	if !ok {
		t.Fatalf("%s has no %s", im.Name, described)
	}
	s := sframe.NewSection(v, sframe.AArch64LE, im.Base+tableGap)
	s.Flags |= sframe.FuncStartPCRel | sframe.FDESorted
	s.FDEs = []sframe.FDE{{Start: f.Addr, Size: uint32(f.Size), FREs: []sframe.FRE{{Base: sframe.SP, Words: []int32{0}}}}}
	data, err := s.Encode()
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func newestImage(t *testing.T) *image.Image {
	t.Helper()
	cached, err := kernels.Fetched()
	if err != nil {
		t.Fatal(err)
	}
	if len(cached) == 0 {
		t.Skip("no kernel is in the cache: 'stacksweep kernel fetch' gets some")
	}
	im, err := image.Load(cached[len(cached)-1].Image)
	if err != nil {
		t.Fatal(err)
	}
	return im
}

func parseKernel(t *testing.T, vmlinux []byte) *kernel.Kernel {
	t.Helper()
	im, err := image.Parse("vmlinux", vmlinux)
	if err != nil {
		t.Fatal(err)
	}
	if !kernel.Is(im) {
		t.Fatal("not taken for a kernel")
	}
	k, err := kernel.New("own", im)
	if err != nil {
		t.Fatal(err)
	}
	return k
}

// vmlinux makes an ELF file of a flat Image and an SFrame section, in the shape that the linker gives a kernel's: code,
// then all the rest with all permissions, at addresses that are final; BTF and symbols.
func vmlinux(im *image.Image, sframe []byte) []byte {
	le := binary.LittleEndian
	flat := im.Segments[0]
	init, _ := im.Symbols.Lookup("_sinittext")
	code := (init.Addr - flat.Addr) &^ 0xffff
	btf := btfOf(flat.Data)
	var file bytes.Buffer
	const headers = 0x1000
	file.Write(make([]byte, headers))
	names := "\x00"
	var sections []elf.Section64
	add := func(name string, kind elf.SectionType, addr uint64, data []byte, link uint32, entry uint64) {
		flags := uint64(0)
		if addr != 0 {
			flags = uint64(elf.SHF_ALLOC)
		}
		sections = append(sections, elf.Section64{Name: uint32(len(names)), Type: uint32(kind), Flags: flags, Addr: addr, Off: uint64(file.Len()), Size: uint64(len(data)), Link: link, Addralign: 1, Entsize: entry})
		names += name + "\x00"
		file.Write(data)
	}
	add("", elf.SHT_NULL, 0, nil, 0, 0)
	add(".text", elf.SHT_PROGBITS, flat.Addr, flat.Data[:code], 0, 0)
	add(".data", elf.SHT_PROGBITS, flat.Addr+code, flat.Data[code:], 0, 0)
	add(".sframe", elf.SHT_PROGBITS, flat.Addr+tableGap, sframe, 0, 0)
	add(".BTF", elf.SHT_PROGBITS, 0, btf, 0, 0)
	strings, symbols := []byte{0}, make([]byte, elf.Sym64Size)
	for s := range im.Symbols.All() {
		kind, section, size := elf.STT_NOTYPE, uint16(1), uint64(0)
		if s.Kind == image.Func {
			kind, size = elf.STT_FUNC, s.Size
		}
		if s.Addr >= flat.Addr+code {
			section = 2
		}
		symbols, _ = binary.Append(symbols, le, elf.Sym64{Name: uint32(len(strings)), Info: elf.ST_INFO(elf.STB_GLOBAL, kind), Shndx: section, Value: s.Addr, Size: size})
		strings = append(append(strings, s.Name...), 0)
	}
	add(".symtab", elf.SHT_SYMTAB, 0, symbols, 6, elf.Sym64Size)
	add(".strtab", elf.SHT_STRTAB, 0, strings, 0, 0)
	add(".shstrtab", elf.SHT_STRTAB, 0, []byte(names+".shstrtab\x00"), 0, 0)
	at := uint64(file.Len())
	binary.Write(&file, le, sections)

	var head bytes.Buffer
	h := elf.Header64{Type: uint16(elf.ET_EXEC), Machine: uint16(elf.EM_AARCH64), Version: 1, Entry: im.Base, Phoff: 64, Shoff: at, Ehsize: 64, Phentsize: 56, Phnum: 3, Shentsize: 64, Shnum: uint16(len(sections)), Shstrndx: 7}
	copy(h.Ident[:], elf.ELFMAG)
	h.Ident[elf.EI_CLASS], h.Ident[elf.EI_DATA], h.Ident[elf.EI_VERSION] = byte(elf.ELFCLASS64), byte(elf.ELFDATA2LSB), 1
	binary.Write(&head, le, h)
	for i, flags := range []elf.ProgFlag{elf.PF_R | elf.PF_X, elf.PF_R | elf.PF_W | elf.PF_X, elf.PF_R} {
		s := sections[i+1]
		size := s.Size
		if i == 1 {
			size = flat.Size - code
		}
		binary.Write(&head, le, elf.Prog64{Type: uint32(elf.PT_LOAD), Flags: uint32(flags), Off: s.Off, Vaddr: s.Addr, Filesz: s.Size, Memsz: size, Align: 1})
	}
	copy(file.Bytes(), head.Bytes())
	return file.Bytes()
}

// btfOf returns the longest piece of a flat Image that has a header of BTF: version 1, of 24 bytes.
func btfOf(data []byte) (btf []byte) {
	le := binary.LittleEndian
	magic := []byte{0x9f, 0xeb, 1, 0, 24, 0, 0, 0}
	for off := 0; ; off++ {
		i := bytes.Index(data[off:], magic)
		if i < 0 {
			return btf
		}
		off += i
		end := 24 + uint64(le.Uint32(data[off+16:])) + uint64(le.Uint32(data[off+20:]))
		if end > uint64(len(btf)) && end <= uint64(len(data)-off) {
			btf = data[off : off+int(end)]
		}
	}
}
