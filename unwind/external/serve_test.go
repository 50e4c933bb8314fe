// SPDX-License-Identifier: GPL-2.0-only

package external

import (
	"bytes"
	"encoding/json"
	"io"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"stacksweep/unwind"
)

// recorder is an unwinder that keeps what it was told.
type recorder struct {
	hello  Hello
	points []Point
	memory Memory
	keeps  bool
}

func (r *recorder) Hello(h Hello) (Welcome, error) {
	r.hello = h
	return Welcome{Name: "recorder", KeepsMemory: r.keeps}, nil
}

func (r *recorder) Unwind(p *Point) Answer {
	r.points = append(r.points, *p)
	r.memory.Update(p.Memory)
	return Answer{Frames: []Hex{p.Regs.PC}, Reliable: true}
}

// TestServe has both sides of the protocol meet on messages, without a process between them.
func TestServe(t *testing.T) {
	w := New(Command{}, Options{})
	task := interruptedTask(make(ram, 24))
	task.Interrupted.X[3] = 1<<64 - 1
	task.Struct, task.PtRegs = 0x70, 0x80
	hello := Hello{
		Type: "hello", Protocol: Protocol, Version: Version, Arch: "aarch64", ByteOrder: "little",
		Image: Image{Path: "a.elf", Segments: []Segment{{"text", 0x400, 64}}, Patches: []Bytes{{0x400, []byte{9}}},
			Hooks: []Hex{0x440}},
	}
	w.asked = 5
	point := w.point(task, []Bytes{{base, []byte{1, 2, 3}}})

	var in, out bytes.Buffer
	enc := json.NewEncoder(&in)
	enc.Encode(hello)
	enc.Encode(point)
	r := &recorder{keeps: true}
	if err := Serve(&in, &out, r); err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(hello, r.hello); d != "" {
		t.Errorf("hello (-sent +read):\n%s", d)
	}
	if d := cmp.Diff([]Point{*point}, r.points); d != "" {
		t.Errorf("point (-sent +read):\n%s", d)
	}
	first, second, _ := strings.Cut(out.String(), "\n")
	welcome, err := decodeWelcome([]byte(first))
	if d := cmp.Diff(Welcome{"hello", Protocol, Version, "recorder", true}, welcome); d != "" || err != nil {
		t.Errorf("welcome: %v (-want +got):\n%s", err, d)
	}
	answer, err := decodeAnswer([]byte(second), 5)
	if d := cmp.Diff(Answer{ID: 5, Frames: []Hex{0x500}, Reliable: true}, answer); d != "" || err != nil {
		t.Errorf("answer: %v (-want +got):\n%s", err, d)
	}
}

func TestServeRefuses(t *testing.T) {
	const hello = `{"type":"hello","protocol":"stacksweep-walker","version":1}`
	for in, want := range map[string]string{
		"":                                  "no hello: EOF",
		"bla":                               "no hello: invalid character",
		`{"protocol":"other","version":1}`:  `in version 1 of protocol "other"`,
		strings.Replace(hello, "1", "2", 1): "spoken to in version 2",
		hello + "[]":                        "point: json: cannot unmarshal array",
		hello + `{"regs":{"pc":"12"}}`:      `point: "12" is not an address`,
	} {
		err := Serve(strings.NewReader(in), io.Discard, &recorder{})
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %s", in, err, want)
		}
	}
}

// TestMemory has a program that keeps memory, and one that doesn't, know the same after any changes.
func TestMemory(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		mem := make(ram, rapid.IntRange(8, 300).Draw(t, "bytes"))
		task := callTask(mem)
		keeping := snapshot{extra: []unwind.Range{{Start: base, End: base + 8}}}
		whole := snapshot{}
		var kept Memory
		for range rapid.IntRange(1, 6).Draw(t, "points") {
			for _, i := range rapid.SliceOfN(rapid.IntRange(0, len(mem)-1), 0, 5).Draw(t, "changed") {
				mem[i] = rapid.Byte().Draw(t, "byte")
			}
			news, err := keeping.update(task, true)
			if err != nil {
				t.Fatal(err)
			}
			kept.Update(news)
			all, err := whole.update(task, false)
			if err != nil {
				t.Fatal(err)
			}
			want := []Bytes{{base, []byte(mem)}}
			if d := cmp.Diff(want, kept.pieces); d != "" {
				t.Fatalf("kept (-want +got):\n%s", d)
			}
			if d := cmp.Diff(want, all); d != "" {
				t.Fatalf("sent whole (-want +got):\n%s", d)
			}
			if again, _ := keeping.update(task, true); len(again) != 0 {
				t.Fatalf("nothing has changed, but %d pieces are sent", len(again))
			}
		}
		for addr := uint64(base - 8); addr < base+uint64(len(mem))+8; addr++ {
			got, ok := kept.Word(addr)
			want, wantOK := mem.Word(addr)
			if got != want || ok != wantOK {
				t.Fatalf("word at %#x: %#x, %v; want %#x, %v", addr, got, ok, want, wantOK)
			}
		}
	})
}

// TestDiff applies differences, which must be small and make before what now is.
func TestDiff(t *testing.T) {
	before := []byte("aaaaaaaabbbbbbbbccccccccddddddddee")
	now := []byte("aaaaaaaabbbbbbbXcXccccccddddddddeX")
	want := []Bytes{{0x108, []byte("bbbbbbbXcXcccccc")}, {0x120, []byte("eX")}}
	if d := cmp.Diff(want, Diff(0x100, before, now)); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
	if d := Diff(0x100, now, now); d != nil {
		t.Errorf("no difference: %v", d)
	}
}

var _ unwind.Memory = (*Memory)(nil)
