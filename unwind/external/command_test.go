// SPDX-License-Identifier: GPL-2.0-only

package external

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"stacksweep/internal/blind"
)

func TestSplit(t *testing.T) {
	for text, want := range map[string][]string{
		"a":                       {"a"},
		"  a \t b\n":              {"a", "b"},
		`gdb -x 'my file' "it's"`: {"gdb", "-x", "my file", "it's"},
		`a\ b c\\d`:               {"a b", `c\d`},
		`"a \"b\" \\"`:            {`a "b" \`},
		`'\'`:                     {`\`},
		`a'b'"c"d`:                {"abcd"},
		`a '' ""`:                 {"a", "", ""},
		"a|b $HOME * > x":         {"a|b", "$HOME", "*", ">", "x"},
		"ä 'ß '":                  {"ä", "ß "},
	} {
		got, err := split(text)
		if d := cmp.Diff(want, got); d != "" || err != nil {
			t.Errorf("%s: %v (-want +got):\n%s", text, err, d)
		}
	}
}

func TestParseCommandRefuses(t *testing.T) {
	for text, want := range map[string]string{
		"":                       "no program is named",
		"  ":                     "no program is named",
		"a 'b":                   "the quote ' is never closed",
		`a "b\"`:                 `the quote " is never closed`,
		`a \`:                    "nothing after the last backslash",
		"/nowhere/program --all": "no such file",
		"no-such-program-here":   "not found in $PATH",
	} {
		_, err := ParseCommand(text)
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %s", text, err, want)
		}
	}
}

// quote is the inverse of split.
func quote(words []string) string {
	var quoted []string
	for _, w := range words {
		quoted = append(quoted, "'"+strings.ReplaceAll(w, "'", `'\''`)+"'")
	}
	return strings.Join(quoted, " ")
}

// FuzzSplit quotes what was split, which must split into the same.
func FuzzSplit(f *testing.F) {
	f.Add(`gdb -x 'my file' "it's" \'`)
	f.Add("a '' |")
	blind.Fuzz(f, func(t *testing.T, text string) {
		words, err := split(text)
		if err != nil {
			if words != nil {
				t.Fatalf("words %q in spite of %v", words, err)
			}
			return
		}
		again, err := split(quote(words))
		if d := cmp.Diff(words, again); d != "" || err != nil {
			t.Fatalf("%v (-first +again):\n%s", err, d)
		}
	})
}
