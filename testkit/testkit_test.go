// SPDX-License-Identifier: GPL-2.0-only

package testkit

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"reflect"
	"testing"
)

// build makes a file: a header, the records, and an end that fits.
func build(records ...[]byte) []byte {
	data := append([]byte(magic), 1, 0, 0, 0, 0, 0, 0, 0)
	points := 0
	for _, r := range records {
		data = append(data, r...)
		if binary.LittleEndian.Uint32(r) == kindPoint {
			points++
		}
	}
	sum := sha256.Sum256(data)
	return append(data, rec(kindEnd, binary.LittleEndian.AppendUint64(nil, uint64(points)), sum[:])...)
}

// rec makes a record.
func rec(kind uint32, parts ...[]byte) []byte {
	payload := bytes.Join(parts, nil)
	r := binary.LittleEndian.AppendUint32(nil, kind)
	r = binary.LittleEndian.AppendUint32(r, uint32(len(payload)))
	return append(append(r, payload...), make([]byte, -len(payload)&7)...)
}

func le(words ...uint64) (b []byte) {
	for _, w := range words {
		b = binary.LittleEndian.AppendUint64(b, w)
	}
	return b
}

// point makes a record of a point: interrupted at pc with a frame record at 0x1010.
func point(mode Mode, step, pc uint64, truth ...Frame) []byte {
	regs := make([]uint64, 33)
	regs[29], regs[31], regs[32] = 0x1010, 0x1000, pc
	head := append(le(step, uint64(mode), 0x9000, 0x1ff0, 0xe000, 0x1018), le(regs...)...)
	head = binary.LittleEndian.AppendUint32(head, 1)
	head = binary.LittleEndian.AppendUint32(head, uint32(len(truth)))
	head = append(head, le(0x1000, 0x2000)...)
	for _, f := range truth {
		head = append(head, le(f.Addr, f.Or)...)
	}
	return rec(kindPoint, head)
}

// sample has two points; memory changes between them.
func sample() []byte {
	return build(
		rec(kindInfo, []byte("scenario=chain/plain\nvariant=mainline\n")),
		rec(kindImage, []byte("\x7fELF...")),
		rec(kindPatch, le(0xe100), []byte{1, 2, 3, 4}),
		rec(kindHooks, le(0xf000)),
		rec(99, []byte("of a later version")),
		rec(kindMemory, le(0x1000), make([]byte, 0x1000)),
		point(IRQ, 3, 0xe104, Frame{0xe000, 0}, Frame{0xe104, 0}, Frame{0xe200, 0xe300}),
		rec(kindMemory, le(0x1018), le(0xe200)),
		point(Sync, 4, 0xe108, Frame{0xe108, 0}, Frame{0xe200, 0}),
	)
}

func TestParse(t *testing.T) {
	f, err := Parse(sample())
	if err != nil {
		t.Fatal(err)
	}
	if f.Info["scenario"] != "chain/plain" || f.Info["variant"] != "mainline" || string(f.ELF) != "\x7fELF..." ||
		f.Points != 2 {
		t.Errorf("got %v, %q, %d points", f.Info, f.ELF, f.Points)
	}
	if want := []Patch{{0xe100, []byte{1, 2, 3, 4}}}; !reflect.DeepEqual(f.Patches, want) ||
		!reflect.DeepEqual(f.Hooks, []uint64{0xf000}) {
		t.Errorf("got patches %v, hooks %v", f.Patches, f.Hooks)
	}
	var lrs []uint64
	for p := range f.All {
		lr, ok := p.Memory.Word(p.Regs.X[29] + 8)
		if !ok || p.Regs.SP != 0x1000 || p.Task != 0x9000 || p.PtRegs != 0x1ff0 ||
			!reflect.DeepEqual(p.Stacks, []Stack{{0x1000, 0x2000}}) {
			t.Errorf("step %d: got %+v", p.Step, p)
		}
		if _, ok := p.Memory.Word(0x1ff9); ok {
			t.Error("a word that ends outside memory was read")
		}
		lrs = append(lrs, lr)
	}
	if want := []uint64{0, 0xe200}; !reflect.DeepEqual(lrs, want) {
		t.Errorf("got return addresses %#x, want %#x", lrs, want)
	}
}

func TestJudge(t *testing.T) {
	f, err := Parse(sample())
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name  string
		at    Mode
		reply Answer
		want  Verdict
	}{
		{"the same", Sync, Answer{[]uint64{0xe108, 0xe200}, true}, Exact},
		{"no claim", Sync, Answer{[]uint64{0xe108, 0xe200}, false}, Refused},
		{"one more", Sync, Answer{[]uint64{0xe108, 0xe108, 0xe200}, true}, Ghost},
		{"one less", Sync, Answer{[]uint64{0xe108}, true}, Omitted},
		{"foreign", Sync, Answer{[]uint64{0xe108, 0xbad}, true}, Wrong},
		{"swapped", Sync, Answer{[]uint64{0xe200, 0xe108}, true}, Wrong},
		{"nothing", Sync, Answer{nil, true}, Omitted},
		{"without the entry code", IRQ, Answer{[]uint64{0xe104, 0xe200}, true}, Exact},
		{"with the entry code", IRQ, Answer{[]uint64{0xe000, 0xe104, 0xe200}, true}, Exact},
		{"by the other address", IRQ, Answer{[]uint64{0xe104, 0xe300}, true}, Exact},
		{"by both addresses", IRQ, Answer{[]uint64{0xe104, 0xe300, 0xe200}, true}, Ghost},
	} {
		r := Judge(f, func(p *Point) Answer {
			if p.Mode == c.at {
				return c.reply
			}
			panic("not asked")
		})
		if r.Counts[c.want] != 1 || r.Counts[Fault] != 1 {
			t.Errorf("%s: got %v, want %v", c.name, r, c.want)
		}
	}
}

func TestNothingAnswered(t *testing.T) {
	f, err := Parse(sample())
	if err != nil {
		t.Fatal(err)
	}
	r := Judge(f, func(*Point) Answer { return Answer{} })
	if r.Unsound() != 0 || r.Answered() != 0 || r.String() != "2 points, 0 answered, 2 refused (first irq@3)" {
		t.Errorf("got %v", r)
	}
}

func TestDamage(t *testing.T) {
	good := sample()
	for i := range good {
		bad := bytes.Clone(good)
		bad[i] ^= 0x10
		if _, err := Parse(bad); err == nil {
			t.Errorf("byte %#x changed: no error", i)
		}
		if _, err := Parse(good[:i]); err == nil {
			t.Errorf("cut to %#x bytes: no error", i)
		}
	}
	for _, c := range []struct {
		name string
		data []byte
		want error
	}{
		{"another file", []byte("\x7fELF, and more of it"), ErrFormat},
		{"a later version", append([]byte(magic), 2, 0, 0, 0, 0, 0, 0, 0), ErrVersion},
		{"a short point", build(rec(kindPoint, make([]byte, 100))), ErrCorrupt},
		{"a point that promises more",
			build(rec(kindPoint, append(make([]byte, 312), 255, 255, 255, 255, 255, 255, 255, 255))), ErrCorrupt},
		{"memory without an address", build(rec(kindMemory, []byte{1})), ErrCorrupt},
		{"something after the end", append(bytes.Clone(good), 0), ErrCorrupt},
	} {
		if _, err := Parse(c.data); !errors.Is(err, c.want) {
			t.Errorf("%s: got %v, want %v", c.name, err, c.want)
		}
	}
}

// FuzzParse: whatever is accepted can be read to its end, with as many points as it announces, within its own size.
func FuzzParse(f *testing.F) {
	f.Add(sample())
	f.Add(build())
	f.Fuzz(func(t *testing.T, data []byte) {
		// A checksum that fits lets the fuzzer reach what comes after it.
		if n := len(data) - recordHead - endSize; n >= headerSize {
			sum := sha256.Sum256(data[:n])
			copy(data[len(data)-sha256.Size:], sum[:])
		}
		file, err := Parse(data)
		if err != nil {
			return
		}
		points, frames := 0, 0
		for p := range file.All {
			points++
			frames += len(p.Truth)
		}
		if points != file.Points || 16*frames > len(data) {
			t.Errorf("%d points with %d frames in %d bytes that announce %d", points, frames, len(data), file.Points)
		}
	})
}
