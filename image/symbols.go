// SPDX-License-Identifier: GPL-2.0-only

package image

import (
	"cmp"
	"iter"
	"slices"
	"sort"
	"sync"
)

// SymbolKind says what a symbol names.
type SymbolKind uint8

const (
	Other  SymbolKind = iota // a label of assembler code, a mark set by a linker script
	Func                     // code
	Object                   // data
)

func (k SymbolKind) String() string { return [...]string{"other", "func", "object"}[k] }

// Symbol is a name for a place in memory.
type Symbol struct {
	Name   string // as in the file, but for what isn't printable, which is escaped as in Go
	Addr   uint64 // virtual address of the first byte
	Size   uint64 // bytes; where the file has none, up to the next symbol or the end of the segment, padding included
	Kind   SymbolKind
	Global bool // visible to other files: global or weak
	IFunc  bool // Addr is that of a resolver, which returns the address of the function (STT_GNU_IFUNC)
}

// Contains reports whether addr lies in what the symbol names.
func (s Symbol) Contains(addr uint64) bool { return addr-s.Addr < s.Size }

// Symbols are the names of an image: those of places in memory. Undefined, absolute, thread-local, section and file
// symbols are left out, and so are the mapping symbols of the AArch64 ELF ABI ("$x", "$d"), which mark code and data
// but name nothing.
//
// Several names for one place are told apart by a fixed order of preference: functions before others, those with a size
// before those without, global before local, then the shorter name, then the alphabet.
type Symbols struct {
	all    []Symbol    // by address, the preferred name first
	sized  []span      // code whose size is in the file
	labels []span      // code whose size is a guess
	guess  []int       // the indices of that code in all
	data   [][2]uint64 // what mapping symbols mark as data between code, by address

	byName func() map[string]int // index in all of the symbol that a name means
}

// span says that from from up to to the innermost code is symbol, an index in Symbols.all.
type span struct {
	from, to uint64
	symbol   int
}

// NewSymbols makes the table of an image that isn't read from a file. Where a size is 0 it is guessed, as for a file.
func NewSymbols(all []Symbol, segments []Segment) *Symbols {
	return newSymbols(slices.Clone(all), segments)
}

// newSymbols makes the table for the segments of an image. It takes over the slice, whose sizes of 0 it fills in.
func newSymbols(all []Symbol, segments []Segment) *Symbols {
	data := literals(all, segments)
	all = slices.DeleteFunc(all, func(s Symbol) bool { return s.Name == "" || isMapping(s.Name) })
	for i := range all {
		all[i].Name = escaped(all[i].Name)
	}
	sortSymbols(all)
	t := &Symbols{all: all, data: data}
	var sized, labels []int
	next := uint64(0) // the address of the first symbol after symbol i
	for i := len(all) - 1; i >= 0; i-- {
		s := &all[i]
		if i+1 < len(all) && all[i+1].Addr != s.Addr {
			next = all[i+1].Addr
		}
		seg, loaded := find(segments, s.Addr)
		guess := s.Size == 0
		if guess && loaded {
			s.Size = seg.End() - s.Addr
			if next > s.Addr {
				s.Size = min(s.Size, next-s.Addr)
			}
		}
		switch {
		case !loaded || seg.Perm&Exec == 0 || s.Kind == Object:
		case guess:
			labels = append(labels, i)
		default:
			s.Size = min(s.Size, seg.End()-s.Addr)
			sized = append(sized, i)
		}
	}
	slices.Reverse(sized)
	slices.Reverse(labels)
	t.sized, t.labels, t.guess = t.flatten(sized), t.flatten(labels), labels
	t.byName = sync.OnceValue(t.index)
	return t
}

// sortSymbols sorts symbols by address, the preferred name first. Kernels have hundreds of thousands, which are in the
// order of addresses already.
func sortSymbols(all []Symbol) {
	byAddress := func(a, b Symbol) int { return cmp.Compare(a.Addr, b.Addr) }
	if !slices.IsSortedFunc(all, byAddress) {
		slices.SortFunc(all, byAddress)
	}
	for from := 0; from < len(all); {
		to := from + 1
		for to < len(all) && all[to].Addr == all[from].Addr {
			to++
		}
		if to-from > 1 {
			slices.SortFunc(all[from:to], func(a, b Symbol) int { return preferred(&a, &b) })
		}
		from = to
	}
}

// preferred is negative when a is the better name for the place that both name.
func preferred(a, b *Symbol) int {
	isFunc := func(s *Symbol) int { return b2i(s.Kind == Func) }
	isSized := func(s *Symbol) int { return b2i(s.Kind == Func && s.Size > 0) }
	return cmp.Or(
		cmp.Compare(isFunc(b), isFunc(a)),
		cmp.Compare(isSized(b), isSized(a)),
		cmp.Compare(b2i(b.Global), b2i(a.Global)),
		cmp.Compare(len(a.Name), len(b.Name)),
		cmp.Compare(a.Name, b.Name),
		cmp.Compare(a.Size, b.Size),
		cmp.Compare(a.Kind, b.Kind),
	)
}

func b2i(b bool) int {
	if b {
		return 1
	}
	return 0
}

// flatten turns the ranges of some symbols, which may nest, into spans that don't: of the symbols that cover an
// address the one that starts last wins, then the one that ends first, then the preferred name.
func (t *Symbols) flatten(symbols []int) []span {
	slices.SortFunc(symbols, func(i, j int) int {
		a, b := &t.all[i], &t.all[j]
		return cmp.Or(cmp.Compare(a.Addr, b.Addr), cmp.Compare(b.Size, a.Size), cmp.Compare(j, i))
	})
	var spans []span
	var open []int // the symbols around the current address, the innermost last
	at := uint64(0)
	closeUntil := func(end uint64) {
		for len(open) > 0 {
			i := open[len(open)-1]
			to := t.all[i].Addr + t.all[i].Size
			if at < min(to, end) {
				spans = append(spans, span{at, min(to, end), i})
				at = min(to, end)
			}
			if to > end {
				return
			}
			open = open[:len(open)-1]
		}
	}
	for _, i := range symbols {
		closeUntil(t.all[i].Addr)
		at = t.all[i].Addr
		open = append(open, i)
	}
	closeUntil(^uint64(0))
	return spans
}

// index maps each name to what it means.
func (t *Symbols) index() map[string]int {
	m := make(map[string]int, len(t.all))
	for i, s := range t.all {
		if j, found := m[s.Name]; !found || better(s, t.all[j]) {
			m[s.Name] = i
		}
	}
	return m
}

// better reports whether a is the one meant by the name that a and b share, b having the lower address.
func better(a, b Symbol) bool {
	if a.Global != b.Global {
		return a.Global
	}
	return a.Kind == Func && b.Kind != Func
}

// Len is the number of symbols.
func (t *Symbols) Len() int { return len(t.all) }

// All are the symbols by address; of one address, the preferred name first.
func (t *Symbols) All() iter.Seq[Symbol] { return slices.Values(t.all) }

// Lookup finds a symbol by its name. Where several have the name, as local ones may, a global one wins over a local,
// then a function over others, then the lowest address.
func (t *Symbols) Lookup(name string) (Symbol, bool) {
	i, ok := t.byName()[name]
	if !ok {
		return Symbol{}, false
	}
	return t.all[i], true
}

// At finds the code that addr lies in: the innermost function, or sized piece of assembler code, around it, else the
// label before it. Data is never found, nor an address outside executable memory.
func (t *Symbols) At(addr uint64) (Symbol, bool) {
	for _, spans := range [][]span{t.sized, t.labels} {
		i := sort.Search(len(spans), func(i int) bool { return spans[i].from > addr })
		if i > 0 && addr < spans[i-1].to {
			return t.all[spans[i-1].symbol], true
		}
	}
	return Symbol{}, false
}

// Locate says which code addr lies in and how many bytes into it; where At finds none, the name is "" and the offset is
// the address itself.
func (t *Symbols) Locate(addr uint64) (name string, offset uint64) {
	s, ok := t.At(addr)
	if !ok {
		return "", addr
	}
	return s.Name, addr - s.Addr
}

// Name writes an address as the kernel's %pS does, symbol+0xoffset, or returns "" where At finds no code.
func (t *Symbols) Name(addr uint64) string {
	name, offset := t.Locate(addr)
	if name == "" {
		return ""
	}
	return Place(name, offset)
}
