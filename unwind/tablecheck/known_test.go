// SPDX-License-Identifier: GPL-2.0-only

package tablecheck

import (
	"encoding/binary"
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"

	"stacksweep/internal/blind"
	"stacksweep/unwind/flow"
)

// layout makes the offsets of a struct's members.
func layout(members map[string]uint64) func(string) (uint64, error) {
	return func(name string) (uint64, error) {
		if offset, ok := members[name]; ok {
			return offset, nil
		}
		return 0, errors.New("no such member")
	}
}

// entries makes records of 32-bit words.
func entries(addr, size uint64, members map[string]uint64, words ...int32) *records {
	r := &records{addr: addr, size: size, offset: layout(members)}
	for _, w := range words {
		r.data = binary.LittleEndian.AppendUint32(r.data, uint32(w))
	}
	return r
}

var (
	bugEntry   = map[string]uint64{"bug_addr_disp": 0, "flags": 4}
	jumpEntry  = map[string]uint64{"code": 0, "target": 4}
	alternates = map[string]uint64{"orig_offset": 0, "alt_offset": 4, "cpucap": 8, "orig_len": 10, "alt_len": 11}
)

func TestBreaksIn(t *testing.T) {
	got := breaksIn(entries(0x1000, 8, bugEntry, -0x100, 1, 0x100, 2))
	want := map[uint64]flow.Break{0xf00: flow.BreakReturns, 0x1108: flow.BreakEnds}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	if got := breaksIn(entries(0x1000, 6, map[string]uint64{"bug_addr_disp": 0, "flags": 5}, 1, 2)); got != nil {
		t.Errorf("a member that reaches out of its struct: %v", got)
	}
}

func TestPairsIn(t *testing.T) {
	got := pairsIn(entries(0x1000, 12, jumpEntry, -0x100, -0x84, 0, 0x10, 0x20, 0, 7), "code", "target")
	want := []flow.Patch{{Addr: 0xf00, Target: 0xf80, Falls: true}, {Addr: 0x101c, Target: 0x1030, Falls: true}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

func TestAlternativesIn(t *testing.T) {
	const nop, there, here, after = 0xd503201f, 0x14000040, 0x14000001, 0x35000020 // b .+256, b .+4, cbnz w0, .+4
	replacement := func(words ...uint32) (code []byte) {
		for _, w := range words {
			code = binary.LittleEndian.AppendUint32(code, w)
		}
		return code
	}
	tests := []struct {
		name    string
		lengths int32 // cpucap, orig_len, alt_len
		code    []byte
		want    []flow.Patch
	}{
		{"a NOP comes in", 0x04040003, replacement(nop), []flow.Patch{{Addr: 0xf00, Falls: true}}},
		{"a branch comes in", 0x04040003, replacement(there), []flow.Patch{{Addr: 0xf00, Target: 0x2100}}},
		{"a branch within", 0x08080003, replacement(here, nop),
			[]flow.Patch{{Addr: 0xf00, Target: 0xf04}, {Addr: 0xf04, Falls: true}}},
		{"a condition, to the next instruction", 0x04040003, replacement(after),
			[]flow.Patch{{Addr: 0xf00, Target: 0x2004, Falls: true}}},
		{"a callback", 0x00080000 | 0x8003, nil, []flow.Patch{{Addr: 0xf00, Falls: true}, {Addr: 0xf04, Falls: true}}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			list := alternativesIn(entries(0x1000, 12, alternates, -0x100, 0xffc, tt.lengths))
			if len(list) != 1 {
				t.Fatalf("%d alternatives", len(list))
			}
			if diff := cmp.Diff(tt.want, list[0].patches(tt.code)); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
		})
	}
}

// Whatever the tables hold, as many entries are read as fit, each patch lies in the code that its alternative replaces,
// and only a branch has a target.
func FuzzKnown(f *testing.F) {
	f.Add(uint64(0x1000), uint64(12), []byte("\x00\xff\xff\xff\xfc\x0f\x00\x00\x03\x00\x04\x04"),
		[]byte("\x40\x00\x00\x14"))
	f.Add(uint64(1<<63), uint64(13), []byte("123456789012345678901234567890"), []byte("12345678"))
	blind.Fuzz(f, func(t *testing.T, addr, size uint64, data, code []byte) {
		if size == 0 || size > 64 {
			return
		}
		r := &records{addr: addr, size: size, data: data, offset: layout(alternates)}
		list := alternativesIn(r)
		if want := uint64(len(data)) / size; size >= 12 && uint64(len(list)) != want {
			t.Errorf("%d alternatives of %d", len(list), want)
		}
		for _, a := range list {
			if !a.callback && uint64(len(code)) < a.n {
				continue
			}
			for _, p := range a.patches(code) {
				if p.Addr-a.at >= a.n {
					t.Errorf("a patch at %#x of the %d bytes at %#x", p.Addr, a.n, a.at)
				}
				if a.callback && (p.Target != 0 || !p.Falls) {
					t.Errorf("a callback's patch %+v", p)
				}
			}
		}
		if size >= 8 {
			if got := pairsIn(&records{addr: addr, size: size, data: data, offset: layout(jumpEntry)}, "code",
				"target"); uint64(len(got)) != uint64(len(data))/size {
				t.Errorf("%d pairs in %d bytes", len(got), len(data))
			}
			breaksIn(&records{addr: addr, size: size, data: data, offset: layout(bugEntry)})
		}
	})
}
