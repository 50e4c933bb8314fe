// SPDX-License-Identifier: GPL-2.0-only

package image

import (
	"bytes"
	"cmp"
	"os"
	"slices"
	"sort"

	"stacksweep/internal/perm"
)

// MaxSize bounds the memory that the segments of one image take together, in bytes. It keeps a wrong header from
// asking for the whole address space; the largest kernels take a tenth of it.
const MaxSize = 1 << 30

// Kind tells what sort of file an image came from.
type Kind int

const (
	Executable   Kind = iota + 1 // ELF ET_EXEC
	SharedObject                 // ELF ET_DYN: a shared object, a position-independent executable, a vmlinux
	Relocatable                  // ELF ET_REL: an object file, a kernel module
	Kernel                       // a flat arm64 kernel Image
)

func (k Kind) String() string {
	switch k {
	case Executable:
		return "executable"
	case SharedObject:
		return "shared object"
	case Relocatable:
		return "relocatable object"
	case Kernel:
		return "kernel Image"
	}
	return "unknown"
}

// Image is code and data as they lie in memory before the first instruction runs.
//
// An Image is not changed once it is read; whoever runs it copies the segments.
type Image struct {
	Name     string // the file's name
	Kind     Kind
	Base     uint64    // what was added to the addresses in the file; of an object, where its layout starts
	Entry    uint64    // address of the entry point; 0 of an object, which has none
	Segments []Segment // by address; they neither overlap nor are empty
	Symbols  *Symbols

	// IFuncs are pointers to be filled in before the code runs, and TLS are its thread-local variables, nil if it has
	// none.
	IFuncs []IFunc
	TLS    *TLS
	// Unrelocated counts what [Static] left alone.
	Unrelocated Unrelocated

	sections []section
	types    func() (*Types, error) // nil if there are none
	lines    func() []lineRow       // by address; nil if there are none
	dwarf    func() (debugging, error)
	address  func(section int, value uint64) uint64
	debug    *elfFile // the separate debug file, if there is one
}

// Segment is a run of memory with one set of permissions: a PT_LOAD of a linked file, an allocated section of an
// object.
type Segment struct {
	Name   string // of an object, the section's name; else empty
	Addr   uint64 // virtual address of the first byte
	Data   []byte // relocated contents
	Size   uint64 // bytes in memory, ≥ len(Data); what lies beyond Data is zero
	Perm   Perm
	Offset uint64 // file offset that Data was read from
}

// End is the address after the segment's last byte.
func (s Segment) End() uint64 { return s.Addr + s.Size }

// Contains reports whether addr lies in the segment.
func (s Segment) Contains(addr uint64) bool { return addr-s.Addr < s.Size }

// Perm says what code may do with a segment.
type Perm = perm.Perm

// The permissions.
const (
	Read  = perm.Read
	Write = perm.Write
	Exec  = perm.Exec
)

// section is a named part of an ELF file. Parts that aren't loaded have address 0.
type section struct {
	name string
	addr uint64
	data []byte // as relocated in memory where the section is loaded
	code bool   // loaded, and flagged as executable
}

// Option adjusts how a file is read.
type Option func(*options)

type options struct {
	base    *uint64
	resolve func(name string) (addr uint64, ok bool)
	static  bool
	debug   *file
	owned   bool // the bytes of the file are the image's alone, so that they may be changed
}

// At chooses the base: what is added to the addresses of a shared object, or where the layout of a relocatable object
// starts. It must be a multiple of 4096. An executable can't be moved. Without it a shared object stays at the
// addresses it was linked for, and a relocatable object starts at ObjectBase.
func At(base uint64) Option { return func(o *options) { o.base = &base } }

// Resolve supplies the address of symbols that the file refers to but doesn't define. It is asked once per reference,
// so that it may hand out stubs on demand.
func Resolve(symbol func(name string) (addr uint64, ok bool)) Option {
	return func(o *options) { o.resolve = symbol }
}

// Load reads the file at path. See Parse.
func Load(path string, opts ...Option) (*Image, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	return Parse(path, data, append(slices.Clip(opts), func(o *options) { o.owned = true })...)
}

// Parse reads a file that is in memory; name is for messages. The image keeps slices of data, which must not be
// changed afterwards. Errors about the contents are *Error.
func Parse(name string, data []byte, opts ...Option) (*Image, error) {
	var o options
	for _, set := range opts {
		set(&o)
	}
	f := &file{name, data}
	return parse(f, o, 0)
}

// maxLayers bounds how often a file may have been compressed.
const maxLayers = 2

// parse reads a file of any kind; layer counts the compressed files around it.
func parse(f *file, o options, layer int) (*Image, error) {
	if bytes.HasPrefix(f.data, []byte(elfMagic)) {
		return parseELF(f, o)
	}
	if bytes.HasPrefix(f.data, []byte("!<arch>\n")) || bytes.HasPrefix(f.data, []byte("!<thin>\n")) {
		return nil, f.errorf(0, "%v: one of its members is needed", ErrArchive)
	}
	packed, err := f.packed()
	if err != nil {
		return nil, err
	}
	if packed == nil {
		return parseKernel(f, o, o.owned || layer > 0)
	}
	if layer == maxLayers {
		return nil, f.errorf(packed.offset, "compressed more than %d times", maxLayers)
	}
	inner, err := f.uncompress(packed)
	if err != nil {
		return nil, err
	}
	return parse(inner, o, layer+1)
}

// Section returns a section by its ELF name (".sframe", ".eh_frame", ".debug_frame"): its address, 0 when it isn't
// loaded, and its contents, relocated when it is loaded or is .debug_frame. Of sections with the same name it is the
// first. Sections without contents and compressed ones other than .debug_frame are not offered.
func (im *Image) Section(name string) (addr uint64, data []byte, ok bool) {
	for _, s := range im.sections {
		if s.name == name {
			return s.addr, s.data, true
		}
	}
	return 0, nil, false
}

// CodeSections returns the sections that hold nothing but instructions and what lies between them, as segments. A flat
// kernel Image has none, and of an ELF file they are fewer bytes than the executable segments, in which there may be
// data.
func (im *Image) CodeSections() (list []Segment) {
	for _, s := range im.sections {
		if s.code {
			list = append(list, Segment{Name: s.name, Addr: s.addr, Data: s.data, Size: uint64(len(s.data)),
				Perm: Read | Exec})
		}
	}
	return list
}

// Segment returns the segment that addr lies in.
func (im *Image) Segment(addr uint64) (Segment, bool) { return find(im.Segments, addr) }

// find returns the segment that addr lies in. The segments are sorted.
func find(segments []Segment, addr uint64) (Segment, bool) {
	i := sort.Search(len(segments), func(i int) bool { return segments[i].Addr > addr })
	if i == 0 || !segments[i-1].Contains(addr) {
		return Segment{}, false
	}
	return segments[i-1], true
}

// Bytes returns the n bytes at addr as they are before the first instruction runs. They must lie in one segment, and
// are not to be written to.
func (im *Image) Bytes(addr, n uint64) ([]byte, bool) {
	s, ok := im.Segment(addr)
	if !ok {
		return nil, false
	}
	off := addr - s.Addr
	if n > s.Size-off {
		return nil, false
	}
	stored := uint64(len(s.Data))
	if off+n <= stored {
		return s.Data[off : off+n : off+n], true
	}
	b := make([]byte, n) // reaches into the zeros, which exist nowhere
	if off < stored {
		copy(b, s.Data[off:])
	}
	return b, true
}

// arrange sorts the segments of a file and makes sure that they can be in memory together.
// at gives the place in the file to blame for a segment.
func (f *file) arrange(segments []Segment, at func(Segment) uint64) error {
	slices.SortFunc(segments, func(a, b Segment) int { return cmp.Compare(a.Addr, b.Addr) })
	var total uint64
	for i, s := range segments {
		if s.Size > MaxSize || total+s.Size > MaxSize {
			return f.errorf(at(s), "segments of more than 0x%x bytes", uint64(MaxSize))
		}
		total += s.Size
		if s.Addr+s.Size < s.Addr {
			return f.errorf(at(s), "the segment at 0x%x (0x%x bytes) wraps around the address space", s.Addr, s.Size)
		}
		if i > 0 && segments[i-1].End() > s.Addr {
			return f.errorf(at(s), "the segment at 0x%x overlaps the one at 0x%x", s.Addr, segments[i-1].Addr)
		}
	}
	return nil
}
