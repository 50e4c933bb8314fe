// SPDX-License-Identifier: GPL-2.0-only

package kernel

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"slices"
	"strings"

	"stacksweep/scenarios"
	"stacksweep/scenarios/guest"
)

// strings calls the assembly routines of the kernel's library that never call anything, each over inputs that take it
// through all of its paths: short and long, aligned and not.
func (k *Kernel) strings() *scenarios.Scenario {
	variants := []scenarios.Variant{{Name: "plain", Doc: "as the Image has them, for a CPU without extensions"}}
	doc := "string, page, user-copy, CRC and checksum routines, results checked"
	return k.scenario("strings", doc, variants, func(b *builder, _ string) {
		r := &routines{b}
		r.lengths()
		r.comparisons()
		r.searches()
		r.copies()
		r.sets()
		r.pages()
		r.sums()
		if b.calls == 0 {
			b.Fail(fmt.Errorf("%s: %w: it has none of the routines", b.image.Name, ErrUnsuitable))
		}
	})
}

// routines lists calls with their results.
type routines struct{ *builder }

// pattern is data without zeros, in which no byte is like the next.
func pattern(n int) []byte {
	p := make([]byte, n)
	for i := range p {
		p[i] = 'a' + byte(i*7%25)
	}
	return p
}

// sizes reach every branch on a length: around each power of two, and beyond the longest unrolled loop.
func sizes(most int) []int {
	all := []int{0, 1, 2, 3, 5, 7, 8, 9, 12, 15, 16, 17, 24, 31, 32, 33, 47, 48, 63, 64, 65, 80, 95, 96, 97, 112, 127,
		128, 129, 144, 160, 200, 255, 256, 300}
	return slices.DeleteFunc(all, func(n int) bool { return n > most })
}

// place puts data into its own memory, offset bytes after a multiple of 64.
func (r *routines) place(offset int, p []byte) uint64 {
	at := r.alloc(uint64(len(p)+offset)+64) + uint64(offset)
	r.Write(at, p)
	return at
}

// expect calls a routine, if the kernel has it, and checks what it returns.
func (r *routines) expect(want uint64, name string, args ...uint64) bool {
	f, ok := r.lookup(name)
	if ok {
		r.check(fmt.Sprintf("%s(%#x)", name, args), r.builder.call(f, args...), want)
	}
	return ok
}

// expectBytes checks memory after the run, the rest of the first and last word included, which must still be zero.
func (r *routines) expectBytes(what string, addr uint64, want []byte) {
	first := addr &^ 7
	padded := make([]byte, (int(addr-first)+len(want)+7)&^7)
	copy(padded[addr-first:], want)
	for off := 0; off < len(padded); off += 8 {
		r.check(what, first+uint64(off), binary.LittleEndian.Uint64(padded[off:]))
	}
}

func (r *routines) lengths() {
	for i, n := range sizes(130) {
		s := r.place(i%16, append(pattern(n), 0))
		r.expect(uint64(n), "__pi_strlen", s)
		r.expect(uint64(min(n, 50)), "__pi_strnlen", s, 50)
	}
	// Bytes above 127 and page ends have paths of their own.
	for i := range 16 {
		p := append(bytes.Repeat([]byte{0x81, 'x'}, 12), 0)
		r.expect(24, "__pi_strlen", r.place(i, p))
		r.expect(24, "__pi_strnlen", r.place(i, p), 100)
		r.expect(uint64(i), "__pi_strnlen", r.place(i, p), uint64(i))
	}
	page := (r.alloc(3*guest.PageSize) + guest.PageSize) &^ (guest.PageSize - 1)
	for i := range uint64(24) {
		s := page + guest.PageSize - 1 - i
		r.Write(s, append(pattern(int(i)), 0))
		r.expect(i, "__pi_strlen", s)
	}
	// Across a page's end, with and without such bytes; a loop that takes two steps at a time may end after either.
	for _, c := range []byte{'x', 0x81} {
		for n := 54; n < 102; n += 8 {
			s := (r.alloc(3*guest.PageSize)+guest.PageSize)&^(guest.PageSize-1) + guest.PageSize - 5
			r.Write(s, append(bytes.Repeat([]byte{c}, n), 0))
			r.expect(uint64(n), "__pi_strlen", s)
		}
	}
}

// expectSign calls a comparison, of whose result the sign counts.
func (r *routines) expectSign(want int, name string, a, b, n uint64) {
	if f, ok := r.lookup(name); ok {
		r.check(fmt.Sprintf("sign of %s(%#x, %#x, %d)", name, a, b, n),
			r.builder.call(r.Symbol("stub_compare"), a, b, n, f), uint64(want))
	}
}

// comparisons of strings that are equal, or differ in one byte.
func (r *routines) comparisons() {
	for i, n := range sizes(64) {
		for _, skew := range []int{0, 8, 1 + i%7} {
			p := append(pattern(n), 0, 0)
			a, same := r.place(i%8, p), r.place(i%8+skew, p)
			r.expectSign(0, "__pi_strcmp", a, same, 0)
			r.expectSign(0, "__pi_strncmp", a, same, uint64(n+1))
			r.expectSign(0, "__pi_memcmp", a, same, uint64(n))
			if n == 0 {
				continue
			}
			at := n * 2 / 3
			q := bytes.Clone(p)
			q[at]--
			less := r.place(i%8+skew, q)
			r.expectSign(1, "__pi_strcmp", a, less, 0)
			r.expectSign(-1, "__pi_strcmp", less, a, 0)
			r.expectSign(1, "__pi_strncmp", a, less, uint64(n))
			r.expectSign(-1, "__pi_strncmp", less, a, uint64(n))
			r.expectSign(0, "__pi_strncmp", a, less, uint64(at))
			r.expectSign(1, "__pi_memcmp", a, less, uint64(n))
			r.expectSign(-1, "__pi_memcmp", less, a, uint64(n))
			q[at], q[0] = p[at], p[0]-1
			r.expectSign(1, "__pi_memcmp", a, r.place(i%8+skew, q), uint64(n))
		}
	}
	// Long enough for memory to be compared from an aligned address on.
	for i := range 16 {
		p := pattern(200)
		a := r.place(i, p)
		r.expectSign(0, "__pi_memcmp", a, r.place(3, p), 200)
		p[150]--
		r.expectSign(1, "__pi_memcmp", a, r.place(3, p), 200)
	}
}

func (r *routines) searches() {
	for i, n := range sizes(100) {
		p := append(pattern(n), 0)
		s := r.place(i%16, p)
		index := func(at int) uint64 {
			if at < 0 {
				return 0
			}
			return s + uint64(at)
		}
		text := string(p[:n])
		for _, c := range []byte{'a', 'z', 'p', 0x81} {
			r.expect(index(strings.IndexByte(text, c)), "__pi_strchr", s, uint64(c))
			r.expect(index(strings.LastIndexByte(text, c)), "__pi_strrchr", s, uint64(c))
			r.expect(index(strings.IndexByte(text, c)), "__pi_memchr", s, uint64(c), uint64(n))
		}
	}
}

func (r *routines) copies() {
	for i, n := range sizes(300) {
		for _, name := range []string{"__pi_memcpy", "__pi_memmove", "__arch_copy_from_user", "__arch_copy_to_user"} {
			p := pattern(n)
			from, to := r.place(i*5%16, p), r.place(i*3%16, make([]byte, n))
			want := to
			if strings.HasPrefix(name, "__arch") {
				want = 0 // bytes that were not copied
			}
			if r.expect(want, name, to, from, uint64(n)) {
				r.expectBytes(name, to, p)
			}
		}
		// The two overlap, in either direction.
		for _, distance := range []int{-9, 9} {
			p := pattern(n)
			at := r.alloc(uint64(n)+192) + 64
			from, to := at, at+uint64(int64(distance))
			area := make([]byte, n+192)
			copy(area[64:], p)
			r.Write(at-64, area)
			if r.expect(to, "__pi_memmove", to, from, uint64(n)) {
				copy(area[64+distance:], p)
				r.expectBytes("__pi_memmove, overlapping", at-64, area)
			}
		}
	}
}

func (r *routines) sets() {
	// Whole blocks: nothing is left to be done after the loop.
	for _, c := range []byte{0, 0xab} {
		const n = 1024
		to := (r.alloc(n+64) + 63) &^ 63
		if r.expect(to, "__pi_memset", to, uint64(c), n) {
			r.expectBytes("__pi_memset", to, bytes.Repeat([]byte{c}, n))
		}
	}
	for i, n := range append(sizes(300), 512, 1000) {
		for _, c := range []byte{0, 0xab} {
			to := r.place(i*3%16, bytes.Repeat([]byte{'x'}, n))
			if r.expect(to, "__pi_memset", to, uint64(c), uint64(n)) {
				r.expectBytes("__pi_memset", to, bytes.Repeat([]byte{c}, n))
			}
		}
		to := r.place(i*3%16, bytes.Repeat([]byte{'x'}, n))
		if r.expect(0, "__arch_clear_user", to, uint64(n)) {
			r.expectBytes("__arch_clear_user", to, make([]byte, n))
		}
	}
}

func (r *routines) pages() {
	size := r.pageSize()
	pages := (r.alloc(4*size) + size) &^ (size - 1)
	from, to, cleared := pages, pages+size, pages+2*size
	p := pattern(int(size))
	r.Write(from, p)
	r.Write(cleared, p)
	if f, ok := r.lookup("copy_page"); ok {
		r.builder.call(f, to, from)
		r.expectBytes("copy_page", to, p)
	}
	if f, ok := r.lookup("clear_page"); ok {
		r.builder.call(f, cleared)
		r.expectBytes("clear_page", cleared, make([]byte, size))
	}
}
