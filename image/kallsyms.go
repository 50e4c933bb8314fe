// SPDX-License-Identifier: GPL-2.0-only

package image

import (
	"bytes"
	"strings"
)

// kallsyms is the kernel's own symbol table, written by scripts/kallsyms.c. A name is a sequence of bytes, each of
// which is the number of one of 256 tokens; the first character of the expanded name is its type, as nm prints it. The
// tables lie one after the other, without a header:
//
//	count    u32, followed by 4 bytes of padding where things are aligned to 8
//	names    per symbol: length, tokens; the length is a byte, or if bit 7 is set its low 7 bits and a second byte
//	         with the high ones
//	markers  u32 per 256 symbols: offset in names of each 256th
//	tokens   256 NUL-terminated strings
//	index    256 × u16, offset of each in tokens
//
// Where the addresses are differs; see kallsyms_layout.go.
type kallsyms struct {
	tokens [256]string

	names    int // file offset of the names
	count    int // number of symbols
	countAt  int // file offset of the count
	afterAll int // file offset of the end of the index
}

const (
	minSymbols = 1000    // no kernel has fewer; it keeps chance hits rare
	maxSymbols = 1 << 21 // ten times those of a distribution's kernel
	maxName    = 512     // bytes; the longest name a kernel allows (KSYM_NAME_LEN)
	maxText    = 1 << 26 // bytes of all names; ten times those of a distribution's kernel
	indexSize  = 256 * 2

	// budget bounds the search, in positions looked at and names walked over. The real tables take a hundredth of it.
	budget = 1 << 27
)

// symbolTypes are the letters of nm that kallsyms keeps.
const symbolTypes = "aAbBcCdDgGiInNrRsStTuUvVwW"

// kallsyms reads the symbol table. If the base of the kernel isn't known yet it is set.
func (k *kernel) kallsyms() ([]Symbol, error) {
	steps := budget
	var reason error
	for index := 0; index+indexSize <= len(k.data); index += 4 {
		// The first two offsets tell nearly always that there is none.
		if w := le.Uint32(k.data[index:]); w&0xffff != 0 || w>>16 < 2 || w>>16 > maxName {
			continue
		}
		t, ok := k.tokenTable(index)
		if !ok {
			continue
		}
		err := k.findNames(t, &steps)
		if err == nil {
			var syms []Symbol
			if syms, err = k.symbols(t); err == nil {
				return syms, nil
			}
		}
		reason = err
		if steps <= 0 {
			break
		}
	}
	if reason != nil {
		return nil, reason
	}
	return nil, k.errorf(0, "%v: no kallsyms table (built without CONFIG_KALLSYMS?)", ErrNoSymbols)
}

// tokens is a token table that was found.
type tokens struct {
	kallsyms
	start, index int // file offsets of the strings and of their index
}

// tokenTable reads the tokens whose index may be at a file offset.
func (k *kernel) tokenTable(index int) (*tokens, bool) {
	b := k.data[index : index+indexSize]
	previous := 0
	if le.Uint16(b) != 0 {
		return nil, false
	}
	for i := 1; i < 256; i++ {
		at := int(le.Uint16(b[2*i:]))
		if at < previous+2 || at > previous+maxName {
			return nil, false
		}
		previous = at
	}
	// The strings end, with up to seven bytes of padding, where the index begins; that tells where they start.
	end := index
	for end > 0 && index-end < 8 && k.data[end-1] == 0 {
		end--
	}
	last := bytes.LastIndexByte(k.data[max(0, end-maxName):end], 0) + max(0, end-maxName) + 1
	start := last - previous
	if end == index || start < 0 || last >= end {
		return nil, false
	}
	t := &tokens{start: start, index: index}
	for i := range 256 {
		from, to := start+int(le.Uint16(b[2*i:])), end
		if i < 255 {
			to = start + int(le.Uint16(b[2*i+2:])) - 1
		}
		if k.data[to] != 0 || !printable(k.data[from:to]) {
			return nil, false
		}
		t.tokens[i] = string(k.data[from:to])
	}
	t.afterAll = index + indexSize
	return t, true
}

// printable reports whether b is text without blanks.
func printable(b []byte) bool {
	for _, c := range b {
		if c <= ' ' || c > '~' {
			return false
		}
	}
	return len(b) > 0
}

// findNames finds the count and the names before the tokens, nearest first.
func (k *kernel) findNames(t *tokens, steps *int) error {
	var typed [256]bool // tokens that a name can begin with
	for i, s := range t.tokens {
		typed[i] = strings.IndexByte(symbolTypes, s[0]) >= 0
	}
	for at := (t.start - 4) &^ 3; at >= imageHeaderSize && *steps > 0; at -= 4 {
		*steps--
		n := int(le.Uint32(k.data[at:]))
		if n < minSymbols || n > maxSymbols {
			continue
		}
		for _, names := range []int{at + 4, at + 8} {
			if names == at+8 && le.Uint32(k.data[at+4:]) != 0 {
				continue
			}
			if k.namesAt(names, n, t.start, &typed, steps) {
				t.countAt, t.count, t.names = at, n, names
				return nil
			}
		}
	}
	return k.errorf(uint64(t.start), "a kallsyms token table without names before it")
}

// namesAt reports whether n names lie at a file offset, followed by their markers, and all of it before limit.
func (k *kernel) namesAt(names, n, limit int, typed *[256]bool, steps *int) bool {
	marks := make([]uint32, 0, 64)
	at := names
	for i := range n {
		*steps--
		if i%256 == 0 {
			marks = append(marks, uint32(at-names))
		}
		from, to := k.name(at, limit)
		if from == to || !typed[k.data[from]] {
			return false
		}
		at = to
	}
	for _, align := range []int{4, 8} {
		markers := (at + align - 1) &^ (align - 1)
		if markers+4*len(marks) <= limit && zero(k.data[at:markers]) && sameWords(k.data[markers:], marks) {
			return true
		}
	}
	return false
}

// name returns where the tokens of the name at a file offset are; an empty range if there is none before limit.
func (k *kernel) name(at, limit int) (from, to int) {
	if at+2 > limit {
		return at, at
	}
	length := int(k.data[at])
	at++
	if length&0x80 != 0 {
		length = length&0x7f | int(k.data[at])<<7
		at++
	}
	if length > limit-at {
		return at, at
	}
	return at, at + length
}

func zero(b []byte) bool { return len(bytes.Trim(b, "\x00")) == 0 }

// sameWords reports whether b begins with the little-endian words w.
func sameWords(b []byte, w []uint32) bool {
	for i, v := range w {
		if le.Uint32(b[4*i:]) != v {
			return false
		}
	}
	return true
}

// expand returns the names with their type letters in front.
func (k *kernel) expand(t *tokens) ([]string, error) {
	var text []byte
	ends := make([]int, t.count)
	at := t.names
	for i := range ends {
		from, to := k.name(at, t.start)
		for _, token := range k.data[from:to] {
			text = append(text, t.tokens[token]...)
		}
		length := len(text)
		if i > 0 {
			length -= ends[i-1]
		}
		if length > 1+maxName || len(text) > maxText {
			return nil, k.errorf(uint64(at), "kallsyms: name %d has %d bytes, all up to it %d: too many", i, length-1,
				len(text))
		}
		ends[i], at = len(text), to
	}
	all := string(text)
	names := make([]string, t.count)
	start := 0
	for i, end := range ends {
		names[i], start = all[start:end], end
	}
	return names, nil
}
