// SPDX-License-Identifier: GPL-2.0-only

package image

import (
	"bytes"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// An image that is changed has the new bytes, in its segments and in its sections, and where there were only zeros; the
// one it was made of doesn't.
func TestChanged(t *testing.T) {
	data := []byte("abcdefgh")
	im := &Image{
		Name:     "x",
		Segments: []Segment{{Addr: 0x1000, Data: data, Size: 0x20}, {Addr: 0x2000, Data: []byte("ABC"), Size: 3}},
		sections: []section{{name: ".a", addr: 0x1002, data: data[2:6]}, {name: ".note", data: []byte("n")}},
	}
	im.Symbols = newSymbols(nil, im.Segments)
	now, err := im.Changed([]Change{{0x1003, []byte("12")}, {0x1018, []byte("end")}, {0x1004, []byte("3")}})
	if err != nil {
		t.Fatal(err)
	}
	want := append([]byte("abc13fgh"), make([]byte, 16)...)
	want = append(want, "end"...)
	if diff := cmp.Diff(want, now.Segments[0].Data); diff != "" {
		t.Errorf("the segment (-want +got):\n%s", diff)
	}
	if _, got, _ := now.Section(".a"); !bytes.Equal(got, []byte("c13f")) {
		t.Errorf("the section is %q", got)
	}
	if got, ok := now.Bytes(0x1010, 11); !ok || !bytes.Equal(got, want[0x10:]) {
		t.Errorf("memory is %q, %v", got, ok)
	}
	if string(im.Segments[0].Data) != "abcdefgh" || string(data) != "abcdefgh" {
		t.Error("the image that it was made of has changed")
	}
	if _, got, _ := im.Section(".a"); string(got) != "cdef" {
		t.Errorf("its section has become %q", got)
	}
	for _, c := range []Change{{0x3000, []byte("x")}, {0x2002, []byte("xx")}, {0x101f, []byte("xx")}} {
		if _, err := im.Changed([]Change{c}); err == nil {
			t.Errorf("a change at %#x is accepted", c.Addr)
		}
	}
}
