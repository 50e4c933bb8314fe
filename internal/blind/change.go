// SPDX-License-Identifier: GPL-2.0-only

package blind

import (
	"encoding/binary"
	"fmt"
	"math"
	"math/rand/v2"
	"reflect"
	"slices"
	"strings"
)

// drift is how often an input is changed at most before the seed is taken again.
const drift = 16

// longestInput is how many bytes an argument may grow to, unless the seed is longer.
const longestInput = 1 << 16

// interesting numbers are at the ends of a type's range, or near to those of a length or an address.
var interesting = []uint64{0, 1, 2, 3, 4, 7, 8, 15, 16, 31, 32, 63, 64, 127, 128, 255, 256, 0x7fff, 0x8000, 0xffff,
	0x7fffffff, 0x80000000, 0xffffffff, math.MaxInt64, 1 << 63, math.MaxUint64, math.MaxUint64 - 3}

// A changer makes inputs out of a seed.
type changer struct {
	r       *rand.Rand
	seed    []reflect.Value
	current []reflect.Value
	changes int
}

func newChanger(seed []reflect.Value, source rand.Source) *changer {
	return &changer{r: rand.New(source), seed: seed, current: slices.Clone(seed)}
}

// next returns the next input, which is the caller's.
func (c *changer) next() []reflect.Value {
	if c.changes >= drift || c.r.IntN(4) == 0 {
		c.current, c.changes = slices.Clone(c.seed), 0
	}
	for more := true; more; more = c.r.IntN(3) == 0 {
		i := c.r.IntN(len(c.current))
		c.current[i] = c.change(c.current[i], c.seed[i])
		c.changes++
	}
	args := slices.Clone(c.current)
	for i, a := range args {
		if a.Kind() == reflect.Slice {
			args[i] = reflect.ValueOf(slices.Clone(a.Bytes()))
		}
	}
	return args
}

// change returns a value of the same type that differs in one way, or happens to be the same.
func (c *changer) change(v, seed reflect.Value) reflect.Value {
	changed := reflect.New(v.Type()).Elem()
	switch v.Kind() {
	case reflect.Slice:
		changed.SetBytes(c.bytes(v.Bytes(), seed.Len()))
	case reflect.String:
		changed.SetString(string(c.bytes([]byte(v.String()), seed.Len())))
	case reflect.Bool:
		changed.SetBool(c.r.IntN(2) == 0)
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		changed.SetUint(c.number(v.Uint()) & (math.MaxUint64 >> (64 - v.Type().Bits())))
	default:
		bits := 64 - v.Type().Bits() // a signed number, or Set panics
		changed.SetInt(int64(c.number(uint64(v.Int()))<<bits) >> bits)
	}
	return changed
}

// number changes a number: a bit, by a little, or to another one.
func (c *changer) number(n uint64) uint64 {
	switch c.r.IntN(5) {
	case 0:
		return n ^ 1<<c.r.IntN(64)
	case 1:
		return n + uint64(c.r.IntN(33)) - 16
	case 2:
		return interesting[c.r.IntN(len(interesting))]
	case 3:
		return c.r.Uint64() >> c.r.IntN(64)
	}
	return -n
}

// bytes changes bytes in one place, and returns new ones. They don't grow beyond a limit.
func (c *changer) bytes(b []byte, seed int) []byte {
	at := func(n int) int { return c.r.IntN(max(1, n)) }
	from := at(len(b))
	size := min(1+at(1<<at(8)), len(b)-from)
	what := c.r.IntN(10)
	if len(b) == 0 || what < 2 && len(b) >= max(seed, longestInput) {
		what = 2 + what%8
	}
	if len(b) == 0 {
		what = 0
	}
	b = slices.Clone(b)
	switch what {
	case 0: // something more
		more := make([]byte, 1+at(16))
		for i := range more {
			more[i] = byte(c.r.Uint32())
		}
		return slices.Insert(b, from, more...)
	case 1: // once more
		return slices.Insert(b, at(len(b)), slices.Clone(b[from:from+size])...)
	case 2: // something less
		return slices.Delete(b, from, from+size)
	case 3: // the end is missing
		if c.r.IntN(4) == 0 {
			return b[:from]
		}
		return b[:max(0, len(b)-size)]
	case 4: // a stretch elsewhere
		copy(b[at(len(b)):], slices.Clone(b[from:from+size]))
	case 5: // a stretch of one byte
		fill := byte(c.r.Uint32())
		for i := range b[from : from+size] {
			b[from+i] = fill
		}
	case 6, 7: // a number
		c.numberIn(b)
	case 8: // a byte
		b[from] = byte(c.r.Uint32())
	default: // a bit
		b[from] ^= 1 << c.r.IntN(8)
	}
	return b
}

// numberIn changes a number of one to eight bytes, of either byte order, in place.
func (c *changer) numberIn(b []byte) {
	size := 1 << c.r.IntN(4)
	if len(b) < size {
		size = 1
	}
	from := c.r.IntN(len(b) - size + 1)
	if c.r.IntN(2) == 0 {
		from &^= size - 1 // where it would be aligned
	}
	var order binary.ByteOrder = binary.LittleEndian
	if c.r.IntN(4) == 0 {
		order = binary.BigEndian
	}
	var word [8]byte
	field := b[from : from+size]
	switch order {
	case binary.LittleEndian:
		copy(word[:], field)
		order.PutUint64(word[:], c.number(order.Uint64(word[:])))
		copy(field, word[:])
	default:
		copy(word[8-size:], field)
		order.PutUint64(word[:], c.number(order.Uint64(word[:])))
		copy(field, word[8-size:])
	}
}

// String is the current input, as a file of testdata/fuzz has it.
func (c *changer) String() string {
	var b strings.Builder
	b.WriteString("go test fuzz v1")
	for _, v := range c.current {
		fmt.Fprintf(&b, "\n%s(", strings.ReplaceAll(v.Type().String(), "[]uint8", "[]byte"))
		switch v.Kind() {
		case reflect.Slice:
			fmt.Fprintf(&b, "%q)", v.Bytes())
		case reflect.String:
			fmt.Fprintf(&b, "%q)", v.String())
		default:
			fmt.Fprintf(&b, "%v)", v)
		}
	}
	return b.String()
}
