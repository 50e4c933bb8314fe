// SPDX-License-Identifier: GPL-2.0-only

package kernel

import (
	"encoding/binary"
	"testing"

	"stacksweep/image"
	"stacksweep/internal/arm64"
	"stacksweep/scenarios/guest"
)

// A static call goes where it is sent, and a static key patches each place where it is asked, and no other: to a branch
// or to a NOP, by whether the place branches if the key is off.
func TestStaticCallsAndKeys(t *testing.T) {
	const text, data uint64 = 0xffff800080000000, 0xffff800080001000
	const key, other = data + 0x100, data + 0x110
	code := make([]byte, 0x1000)
	for i, w := range []uint32{
		0xd503245f, 0xb0000010, 0xf9400210, 0xd61f0200, // bti c; adrp x16, data; ldr x16, [x16]; br x16
		arm64.NOP, arm64.NOP, arm64.NOP, // asked at 0x10, 0x14, and, another one, at 0x18
	} {
		binary.LittleEndian.PutUint32(code[4*i:], w)
	}
	variables := make([]byte, 0x1000)
	const table = data + 0x200
	for i, e := range []struct{ site, target, key uint64 }{
		{text + 0x10, text + 0x40, key}, {text + 0x14, text + 0x60, key + 1}, {text + 0x18, text + 0x40, other},
	} {
		at := table + 16*uint64(i)
		binary.LittleEndian.PutUint32(variables[at-data:], uint32(e.site-at))
		binary.LittleEndian.PutUint32(variables[at-data+4:], uint32(e.target-at-4))
		binary.LittleEndian.PutUint64(variables[at-data+8:], e.key-at-8)
	}
	im := &image.Image{Segments: []image.Segment{
		{Addr: text, Data: code, Size: 0x1000, Perm: image.Read | image.Exec},
		{Addr: data, Data: variables, Size: 0x1000, Perm: image.Read | image.Write},
	}}
	var symbols []image.Symbol
	for name, addr := range map[string]uint64{
		"__SCT__f": text, "__SCK__f": data + 0x80, "k": key,
		"__start___jump_table": table, "__stop___jump_table": table + 48,
		"__SCT__g": text + 0x10, "__SCK__g": data + 0x88,
	} {
		symbols = append(symbols, image.Symbol{Name: name, Addr: addr})
	}
	im.Symbols = image.NewSymbols(symbols, im.Segments)
	newBuilder := func() *builder {
		b := &builder{layout: &layout{&Kernel{image: im}, guest.Layout{Image: im}}}
		b.Share(guest.ShareImage(im, data))
		return b
	}
	b := newBuilder()
	b.setStaticCall("f", 0x1234567890)
	for _, at := range []uint64{data, data + 0x80} {
		if lo, hi := b.Word32(at), b.Word32(at+4); lo != 0x34567890 || hi != 0x12 {
			t.Errorf("the word at %#x is %#x%08x", at, hi, lo)
		}
	}
	for on, want := range map[bool][3]uint32{
		true:  {arm64.Branch(arm64.B, text+0x10, text+0x40), arm64.NOP, arm64.NOP},
		false: {arm64.NOP, arm64.Branch(arm64.B, text+0x14, text+0x60), arm64.NOP},
	} {
		b.setStaticKey("k", on)
		got := [3]uint32{b.Word32(text + 0x10), b.Word32(text + 0x14), b.Word32(text + 0x18)}
		if got != want {
			t.Errorf("on: %t: %#x, want %#x", on, got, want)
		}
		if enabled := b.Word32(key) == 1; enabled != on {
			t.Errorf("the key is %t, want %t", enabled, on)
		}
	}
	if b.Err() != nil || b.layout.Err() != nil {
		t.Error(b.Err(), b.layout.Err())
	}
	if b.setStaticCall("g", 1); b.Err() == nil {
		t.Error("a trampoline that jumps through nothing is no error")
	}
}
