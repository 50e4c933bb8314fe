// SPDX-License-Identifier: GPL-2.0-only

package image

import "slices"

// Where the addresses of the symbols are, and what they are, has changed twice. In each case there is a u32 per symbol,
// and the symbols are sorted by address.
//
//	old   before the count: the offsets, and the address that they count from
//	6.4   after the index: the offsets, and the address that they count from
//	7.x   after the index: the offsets, each counting from its own place
var layouts = []struct {
	name      string
	addresses func(*kernel, *tokens) ([]uint64, bool)
}{
	{"before 6.4", (*kernel).oldAddresses},
	{"since 6.4", (*kernel).addresses},
	{"place-relative", (*kernel).placeRelative},
}

// symbols gives the names their addresses, by the one layout that makes sense of them.
func (k *kernel) symbols(t *tokens) ([]Symbol, error) {
	names, err := k.expand(t)
	if err != nil {
		return nil, err
	}
	var addrs []uint64
	layout := ""
	var base uint64
	for _, l := range layouts {
		try := *k
		a, ok := l.addresses(&try, t)
		if !ok || !try.plausible(names, a) {
			continue
		}
		if layout != "" {
			return nil,
				k.errorf(uint64(t.countAt), "kallsyms: the addresses make sense both in the layout %s and in that %s",
					layout, l.name)
		}
		layout, addrs, base = l.name, a, try.base
	}
	if layout == "" {
		return nil,
			k.errorf(uint64(t.countAt), "kallsyms: %d names, but no addresses in a layout that is known", t.count)
	}
	k.base = base
	return k.named(names, addrs), nil
}

// named makes the symbols. Left out are absolute ones, which are numbers, not places, and those beyond the kernel's
// end.
func (k *kernel) named(names []string, addrs []uint64) []Symbol {
	syms := make([]Symbol, 0, len(names))
	for i, typed := range names {
		letter := typed[0]
		s := Symbol{Name: typed[1:], Addr: addrs[i], Global: letter < 'a'}
		switch letter | 0x20 { // in lower case
		case 't', 'w':
			s.Kind = Func
		case 'a':
			continue
		case 'n', 'u':
			s.Kind = Other
		default:
			s.Kind = Object
		}
		if k.inside(s.Addr) {
			syms = append(syms, s)
		}
	}
	return syms
}

// plausible reports whether addresses can be those of the names: in order, and the start of the kernel, or of its text,
// where it must be, and no constant. The text starts at the next multiple of 4 or 64 KiB after the header.
//
// All must lie in the kernel, except for constants beyond its end, if _end says where that is: from 6.19 to 7.1
// .modinfo, which is linked there, gets symbols, and is dropped when the Image is made.
func (k *kernel) plausible(names []string, addrs []uint64) bool {
	if k.base == 0 || !slices.IsSorted(addrs) || !k.inside(addrs[0]) {
		return false
	}
	known, ends := 0, false
	for i, typed := range names {
		if typed[0]|0x20 == 'a' && typed[1:] != "_end" {
			continue
		}
		switch typed[1:] {
		case "_text":
			if addrs[i] != k.base {
				return false
			}
			known++
		case "_stext":
			if off := addrs[i] - k.base; off != 0x1000 && off != 0x10000 {
				return false
			}
			known++
		case "_end":
			ends = addrs[i] == k.base+k.size
		}
	}
	beyond, _ := slices.BinarySearch(addrs, k.base+k.size+1)
	if beyond < len(addrs) && (!ends || addrs[len(addrs)-1]-k.base > maxKernel) {
		return false
	}
	for _, typed := range names[beyond:] {
		if typed[0]|0x20 != 'r' {
			return false
		}
	}
	return known > 0
}

// oldAddresses reads offsets, relative base and count, each aligned to 8, in this order.
func (k *kernel) oldAddresses(t *tokens) ([]uint64, bool) {
	baseAt := t.countAt - 8
	return k.relativeTo(baseAt, baseAt-(4*t.count+7)&^7, t.count)
}

// addresses reads offsets and relative base, each aligned to 8, after the index.
func (k *kernel) addresses(t *tokens) ([]uint64, bool) {
	offsets := (t.afterAll + 7) &^ 7
	return k.relativeTo((offsets+4*t.count+7)&^7, offsets, t.count)
}

// relativeTo reads offsets that count from the address in the file at baseAt. It sets the kernel's base if that
// isn't known.
func (k *kernel) relativeTo(baseAt, offsets, n int) ([]uint64, bool) {
	if offsets < 0 || offsets+4*n > len(k.data) || baseAt+8 > len(k.data) {
		return nil, false
	}
	from := le.Uint64(k.data[baseAt:])
	if !isKernelAddress(from) {
		return nil, false
	}
	if k.base == 0 {
		k.base = linkBase(from)
	}
	addrs := make([]uint64, n)
	for i := range addrs {
		addrs[i] = from + uint64(le.Uint32(k.data[offsets+4*i:]))
	}
	return addrs, true
}

// placeRelative reads offsets, aligned to 4, after the index, each of which counts from its own address. They are the
// same at any base: in a kernel without relocations its pointers tell that.
func (k *kernel) placeRelative(t *tokens) ([]uint64, bool) {
	offsets := (t.afterAll + 3) &^ 3
	if offsets+4*t.count > len(k.data) {
		return nil, false
	}
	if k.base == 0 {
		k.base = k.pointedBase()
	}
	addrs := make([]uint64, t.count)
	for i := range addrs {
		at := offsets + 4*i
		addrs[i] = k.base + uint64(at) + uint64(int64(int32(le.Uint32(k.data[at:]))))
	}
	return addrs, true
}

// pointedBase returns the base that the pointers in the file are for, or 0: nearly all words that have the form of a
// kernel address must agree. What lies in no kernel at its base, such as small negative numbers, has no vote.
func (k *kernel) pointedBase() uint64 {
	votes := map[uint64]int{}
	all := 0
	for off := 0; off+8 <= len(k.data); off += 8 {
		w := le.Uint64(k.data[off:])
		if base := linkBase(w); isKernelAddress(w) && w-base < k.size {
			votes[base]++
			all++
		}
	}
	for base, n := range votes {
		if n >= chance && all-n <= n/10 {
			return base
		}
	}
	return 0
}
