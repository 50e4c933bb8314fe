// SPDX-License-Identifier: GPL-2.0-only

package userfile

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"stacksweep/emu"
	"stacksweep/image"
	"stacksweep/internal/blind"
	"stacksweep/scenarios/guest"
)

func TestParseCall(t *testing.T) {
	text := func(s string) argument { return argument{data: []byte(s), inData: true} }
	number := func(n uint64) argument { return argument{number: n} }
	for _, test := range []struct {
		call     string
		function string
		args     []argument
	}{
		{"f", "f", nil},
		{"f()", "f", nil},
		{" f ( ) ", "f", nil},
		{"f.isra.0(1)", "f.isra.0", []argument{number(1)}},
		{"f(1, 0x10,0b11,0o17, -1)", "f", []argument{number(1), number(16), number(3), number(15), number(^uint64(0))}},
		{"f(18446744073709551615)", "f", []argument{number(^uint64(0))}},
		{"f(-9223372036854775808)", "f", []argument{number(1 << 63)}},
		{`f("a,b)\"\x00c", "")`, "f", []argument{text("a,b)\"\x00c\x00"), text("\x00")}},
		{"f(buf:3, buf:0x1, buf:0)", "f", []argument{text("\x00\x00\x00"), text("\x00"), text("")}},
		{"f(&g,& h.1)", "f", []argument{{symbol: "g"}, {symbol: " h.1"}}},
	} {
		function, args, err := parseCall(test.call)
		if err != nil || function != test.function {
			t.Errorf("%q calls %q, %v; want %q", test.call, function, err, test.function)
		}
		if diff := cmp.Diff(test.args, args, cmp.AllowUnexported(argument{})); diff != "" {
			t.Errorf("%q: arguments -want +got:\n%s", test.call, diff)
		}
	}
}

func TestParseCallRefuses(t *testing.T) {
	for call, want := range map[string]string{
		"":                       "no function",
		"(1)":                    "no function",
		"f(":                     "argument 1",
		"f(1":                    `"" follows argument 1`,
		"f(1,":                   "argument 2",
		"f(1,)":                  `argument 2: "" is none of`,
		"f(,1)":                  "argument 1",
		"f(1)x":                  `")x" follows argument 1`,
		"f() x":                  "argument 1",
		"f(1 2)":                 `"1 2" is none of`,
		`f("a" 2)`:               `"2)" follows argument 1`,
		`f("a)`:                  "closing quote",
		`f("\q")`:                "unknown escape",
		"f(hello)":               `"hello" is none of`,
		"f(&)":                   `"&" is none of`,
		"f(buf:)":                "no size",
		"f(buf:-1)":              "no size",
		"f(buf:2000000)":         "up to 1048576 bytes",
		"f(1e3)":                 "none of",
		"f(0x10000000000000000)": "none of",
		"f(1,2,3,4,5,6,7,8,9)":   "more than 8 arguments",
	} {
		function, args, err := parseCall(call)
		if !errors.Is(err, ErrCall) || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: error %v, want %q", call, err, want)
		}
		if function != "" || args != nil {
			t.Errorf("%q: %q, %v with an error", call, function, args)
		}
	}
}

// FuzzParseCall checks that a call that is understood can be written out again, and then means the same.
func FuzzParseCall(f *testing.F) {
	for _, call := range []string{"f", `f(1,-1,"a\n",buf:16,&g)`, "f(((", `f("`} {
		f.Add(call)
	}
	blind.Fuzz(f, func(t *testing.T, call string) {
		function, args, err := parseCall(call)
		if err != nil {
			if function != "" || args != nil {
				t.Fatalf("%q: %q, %v with an error", call, function, args)
			}
			return
		}
		again := written(function, args)
		function2, args2, err := parseCall(again)
		if err != nil || function2 != function || written(function2, args2) != again {
			t.Fatalf("%q was written as %q: %q, %v, %v", call, again, function2, args2, err)
		}
	})
}

// written is a call as text.
func written(function string, args []argument) string {
	var all []string
	for _, a := range args {
		switch {
		case a.symbol != "":
			all = append(all, "&"+a.symbol)
		case a.inData && strings.HasSuffix(string(a.data), "\x00") && strings.Trim(string(a.data), "\x00") != "":
			all = append(all, strconv.Quote(string(a.data[:len(a.data)-1])))
		case a.inData:
			all = append(all, fmt.Sprintf("buf:%d", len(a.data)))
		default:
			all = append(all, fmt.Sprint(a.number))
		}
	}
	return function + "(" + strings.Join(all, ",") + ")"
}

// TestPlaceArguments puts arguments into memory: each at a multiple of 16 bytes, and no more than there is room for.
func TestPlaceArguments(t *testing.T) {
	c := &call{}
	place := func(size int) uint64 {
		t.Helper()
		addr, err := c.place(argument{data: make([]byte, size), inData: true})
		if err != nil {
			t.Fatal(err)
		}
		return addr - userArguments
	}
	if got, want := []uint64{place(3), place(16), place(0), place(1), place(1)},
		[]uint64{0, 16, 32, 32, 48}; !cmp.Equal(got, want) {
		t.Errorf("arguments are at %d, want %d", got, want)
	}
	if _, err := c.place(argument{data: make([]byte, argumentsSize-63), inData: true}); err == nil {
		t.Error("there is room for one byte too many")
	}
	if got := place(argumentsSize - 64); got != 64 {
		t.Errorf("the argument that fills the memory is at %d", got)
	}
}

// TestWholePages has segments that share a page, one that ends in zeros and one that has a page of its own.
func TestWholePages(t *testing.T) {
	got := guest.WholePages([]image.Segment{
		{Name: "a", Addr: 0x10010, Data: []byte("aa"), Size: 2, Perm: image.Read | image.Exec},
		{Name: "b", Addr: 0x10014, Data: []byte("b"), Size: 8, Perm: image.Read | image.Write},
		{Name: "c", Addr: 0x10ff0, Data: []byte("c"), Size: 0x20, Perm: image.Read},
		{Addr: 0x12000, Size: 0x1001, Perm: image.Write},
	})
	data := make([]byte, 0xff1)
	copy(data[0x10:], "aa\x00\x00b")
	data[0xff0] = 'c'
	want := []emu.Region{
		{Name: "a", Base: 0x10000, Size: 0x2000, Data: data, Perm: emu.Read | emu.Write | emu.Exec},
		{Name: "segment 3", Base: 0x12000, Size: 0x2000, Perm: emu.Write},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}
