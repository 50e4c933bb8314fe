// SPDX-License-Identifier: GPL-2.0-only

package image

// parseKernel reads a flat kernel Image.
//
// Such an Image says little about itself: there are no sections, no symbol table and no relocation table that could be
// looked up, yet all of it is there. The tables are found by their form, and each is accepted only when it is
// consistent in itself and with the others; two readings that are both consistent are an error, too.
//
// The image is one segment, readable, writable and executable, of the size that the kernel needs: permissions are
// the business of its own page tables. It lies where it was linked, as if KASLR were off.
//
// owned says that the bytes of the file are the image's alone, so that they may be changed.
func parseKernel(f *file, o options, owned bool) (*Image, error) {
	if o.base != nil && isImage(f.data) {
		return nil, f.errorf(0, "a kernel Image can't be moved to another base")
	}
	size, err := f.imageHeader()
	if err != nil {
		return nil, err
	}
	// What follows the memory of the kernel, such as a signature, isn't part of it.
	k := &kernel{file: &file{f.name, f.data[:min(uint64(len(f.data)), size)]}, size: size, owned: owned}
	if err := k.relocate(); err != nil {
		return nil, err
	}
	syms, err := k.kallsyms()
	if err != nil {
		return nil, err
	}
	im := &Image{
		Name:     f.name,
		Kind:     Kernel,
		Base:     k.base,
		Entry:    k.base,
		Segments: []Segment{{Addr: k.base, Data: k.data, Size: size, Perm: Read | Write | Exec}},
	}
	if err := k.arrange(im.Segments, func(Segment) uint64 { return 0 }); err != nil {
		return nil, err
	}
	im.Symbols = newSymbols(syms, im.Segments)
	im.setTypes(func() (*Types, error) { return k.types(im.Symbols) })
	return im, nil
}

// kernel is a flat Image: byte i of the data is memory at base+i.
type kernel struct {
	*file
	size uint64 // bytes in memory, ≥ the file's
	base uint64 // link address of the first byte; 0 while it isn't known

	owned bool // the data may be changed

	relocated int // pointers that were filled in
	packed    int // pointers that a RELR table lists, which are filled in already
}

// inside reports whether addr is the address of a byte of the kernel in memory, or the one after the last.
func (k *kernel) inside(addr uint64) bool { return addr >= k.base && addr-k.base <= k.size }

const (
	imageMagic      = "ARM\x64"
	imageMagicAt    = 56
	imageHeaderSize = 64
	linkAlign       = 128 << 20 // see linkBase
)

// isImage reports whether a file begins like an arm64 kernel Image that isn't compressed.
func isImage(data []byte) bool {
	return len(data) >= imageHeaderSize && string(data[imageMagicAt:imageMagicAt+4]) == imageMagic
}

// imageHeader checks the header of a flat Image, and returns the bytes that the kernel takes in memory.
// Documentation/arch/arm64/booting.rst, "Call the kernel image": all fields are little-endian.
func (f *file) imageHeader() (size uint64, err error) {
	if !isImage(f.data) {
		return 0, f.errorf(0, "%v: no ELF file and no arm64 kernel Image", ErrFormat)
	}
	const textOffsetAt, sizeAt, flagsAt = 8, 16, 24
	if offset := le.Uint64(f.data[textOffsetAt:]); offset != 0 {
		return 0, f.errorf(textOffsetAt, "text offset 0x%x: kernels before 5.10 are not supported", offset)
	}
	size = le.Uint64(f.data[sizeAt:])
	if size < imageHeaderSize || size > maxKernel {
		return 0, f.errorf(sizeAt, "image size 0x%x is not between 0x%x and 0x%x", size, imageHeaderSize, maxKernel)
	}
	if le.Uint64(f.data[flagsAt:])&1 != 0 {
		return 0, f.errorf(flagsAt, "%v: the kernel is big-endian", ErrArch)
	}
	return size, nil
}

// maxKernel bounds the size of a kernel in memory. It has to be less than linkAlign, so that all of its addresses tell
// its base.
const maxKernel = linkAlign - 1

// linkBase returns the link address of the kernel that has something at addr. The kernel starts right after the area
// of the modules, whose ends have been at multiples of 128 MiB in every layout of the arm64 address space so far.
func linkBase(addr uint64) uint64 { return addr &^ (linkAlign - 1) }
