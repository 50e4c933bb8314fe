// SPDX-License-Identifier: GPL-2.0-only

package kbuild

import (
	"errors"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"

	"stacksweep/internal/blind"
)

const program = `start(one)
	a
	b
end(one)
start(two)
	a
end(two)
`

func TestApply(t *testing.T) {
	for _, tt := range []struct {
		name, edits, want string
	}{
		{"after", "after ^start.two\n+\tx\n", "start(one)\n\ta\n\tb\nend(one)\nstart(two)\n\tx\n\ta\nend(two)\n"},
		{"before", "before b$\n+\tx\n+\ty\n", "start(one)\n\ta\n\tx\n\ty\n\tb\nend(one)\nstart(two)\n\ta\nend(two)\n"},
		{"replace in a range", "from two\nto ^end\nreplace a$\n+\tx\n",
			"start(one)\n\ta\n\tb\nend(one)\nstart(two)\n\tx\nend(two)\n"},
		{"the first range that begins like that", "from ^start\nto ^end\nreplace a$\n+\tx\n",
			"start(one)\n\tx\n\tb\nend(one)\nstart(two)\n\ta\nend(two)\n"},
		{"body", "from ^start\nto ^end\nbody\n+\tx\n", "start(one)\n\tx\nend(one)\nstart(two)\n\ta\nend(two)\n"},
		{"body of nothing more", "from ^start\nto ^end\nbody\n+\tx\nfrom ^end\nto ^start\nbody\n+between\n",
			"start(one)\n\tx\nend(one)\nbetween\nstart(two)\n\ta\nend(two)\n"},
		{"change", "change .two => (three\nchange end.two => end(three\n", "ANCHOR"},
		{"change once", "from two\nto end.two\nchange a$ => x\n",
			"start(one)\n\ta\n\tb\nend(one)\nstart(two)\n\tx\nend(two)\n"},
		{"sees what was done before", "after b$\n+\tc\nafter c$\n+\td\n",
			"start(one)\n\ta\n\tb\n\tc\n\td\nend(one)\nstart(two)\n\ta\nend(two)\n"},
		{"the whole file again", "from two\nto end.two\nreplace a$\n+\ty\nall\nreplace b$\n+\tz\n",
			"start(one)\n\ta\n\tz\nend(one)\nstart(two)\n\ty\nend(two)\n"},
		{"text that looks like an edit, and empty lines", "after b$\n+# comment\n+\n++plus\n",
			"start(one)\n\ta\n\tb\n# comment\n\n+plus\nend(one)\nstart(two)\n\ta\nend(two)\n"},
		{"nothing matches", "after nothing\n+x\n", "ANCHOR"},
		{"two match", "after a$\n+x\n", "ANCHOR"},
		{"no such range", "from three\nto end\nbody\n+x\n", "ANCHOR"},
		{"a range that doesn't end", "from two\nto nothing\nbody\n+x\n", "ANCHOR"},
		{"no such file", "file other\nafter a\n+x\n", "ANCHOR"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			edits, err := ParseEdits("test.edit", "file dir/f\n"+tt.edits)
			if err != nil {
				t.Fatal(err)
			}
			source := fstest.MapFS{"dir/f": {Data: []byte(program)}}
			for range 2 { // applying again gives the same
				got, err := Apply(source, edits)
				if tt.want == "ANCHOR" {
					if !errors.Is(err, ErrAnchor) || !strings.HasPrefix(err.Error(), "test.edit:") {
						t.Fatalf("error %v, want one about a place, with the edit's line", err)
					}
					continue
				}
				if err != nil {
					t.Fatal(err)
				}
				if diff := cmp.Diff(tt.want, string(got["dir/f"])); diff != "" {
					t.Errorf("(-want +got):\n%s", diff)
				}
			}
			if string(source["dir/f"].Data) != program {
				t.Error("the source was changed")
			}
		})
	}
}

func TestParseEditsErrors(t *testing.T) {
	for _, tt := range []struct{ text, want string }{
		{"+text", "x:1: text without an edit"},
		{"after a", "x:1: no file yet"},
		{"file ../f", "x:1: "},
		{"file /f", "x:1: "},
		{"file", "x:1: "},
		{"file f\nto b", "x:2: to without from"},
		{"file f\nfrom a\nafter b\n+x", "x:3: from without to"},
		{"file f\nafter (\n+x", "x:2: error parsing regexp"},
		{"file f\nafter\n+x", "x:2: no regular expression"},
		{"file f\nafter a", "x:2: after has 0 lines of text"},
		{"file f\nchange a => b\n+x", "x:2: change has 1 lines of text"},
		{"file f\nchange a", "x:2: change without =>"},
		{"file f\nbody\n+x", "x:2: body of a whole file"},
		{"file f\nbody a\n+x", "x:2: body takes nothing"},
		{"file f\ncreate\n+x", `x:2: "create" is no edit`},
	} {
		_, err := ParseEdits("x", tt.text)
		if err == nil || !strings.HasPrefix(err.Error(), tt.want) {
			t.Errorf("%q: error %v, want %s…", tt.text, err, tt.want)
		}
	}
}

// Whatever edits are accepted, they add their text and leave alone what lies outside of their range.
func FuzzEdits(f *testing.F) {
	for _, v := range Variants() {
		_, text, err := v.edits(fstest.MapFS{}, true)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(text, program)
	}
	f.Add("file f\nfrom two\nto end\nreplace a$\n+x\n", program)
	blind.Fuzz(f, func(t *testing.T, text, source string) {
		edits, err := ParseEdits("x", text)
		if err != nil {
			return
		}
		for _, e := range edits {
			before := strings.Split(strings.TrimSuffix(source, "\n"), "\n")
			after, err := e.apply(append([]string(nil), before...))
			if err != nil {
				if !errors.Is(err, ErrAnchor) {
					t.Fatal(err)
				}
				continue
			}
			if !strings.Contains("\n"+strings.Join(after, "\n")+"\n", "\n"+strings.Join(e.Text, "\n")+"\n") &&
				len(e.Text) > 0 {
				t.Fatalf("%s: the text is not there", e.Source)
			}
			// What is the same at both ends; the edit lies between.
			head := 0
			for head < len(before) && head < len(after) && before[head] == after[head] {
				head++
			}
			if e.From != nil {
				if first := firstMatch(before, &e); head < first {
					t.Fatalf("%s: line %d was changed, the range begins at %d", e.Source, head, first)
				}
			}
			if e.Op != Body && len(after)-len(before) > len(e.Text) {
				t.Fatalf("%s: %d lines became %d", e.Source, len(before), len(after))
			}
		}
	})
}

func firstMatch(lines []string, e *Edit) int {
	for i, l := range lines {
		if e.From.MatchString(l) {
			return i
		}
	}
	return -1
}
