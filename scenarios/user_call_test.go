package scenarios

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
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
			t.Errorf("%q: %q, %v beside an error", call, function, args)
		}
	}
}

// FuzzParseCall checks that a call that is understood can be written out again, and then means the same.
func FuzzParseCall(f *testing.F) {
	for _, call := range []string{"f", `f(1,-1,"a\n",buf:16,&g)`, "f(((", `f("`} {
		f.Add(call)
	}
	f.Fuzz(func(t *testing.T, call string) {
		function, args, err := parseCall(call)
		if err != nil {
			if function != "" || args != nil {
				t.Fatalf("%q: %q, %v beside an error", call, function, args)
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
