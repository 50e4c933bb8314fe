// SPDX-License-Identifier: GPL-2.0-only

package diff

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"stacksweep/internal/blind"
)

// report makes a report of one scenario with one walker out of windows, "symbol from to verdict", and functions,
// "symbol word word...", of which everything was executed.
func report(t testing.TB, target string, lines ...string) string {
	t.Helper()
	scenario, variant, _ := strings.Cut(target, ":")
	var b strings.Builder
	key := fmt.Sprintf(`"scenario":%q,"variant":%q`, scenario, variant)
	fmt.Fprintf(&b, `{"type":"summary",%s,"walker":"w","mode":"irq","deliver":"overlay","points":9}`+"\n", key)
	for i, line := range lines {
		f := strings.Fields(line)
		if len(f) == 4 && strings.HasPrefix(f[1], "0x") {
			fmt.Fprintf(&b,
				`{"type":"window",%s,"walker":"w","mode":"irq","deliver":"overlay",`+
					`"symbol":%q,"from":%q,"to":%q,"verdict":%q,"points":1,"first":"%s@%d"}`+"\n",
				key, f[0], f[1], f[2], f[3], target, i)
			continue
		}
		fmt.Fprintf(&b, `{"type":"code","id":"c%d","symbol":%q,"words":%q}`+"\n", i, f[0], strings.Join(f[1:], ""))
		fmt.Fprintf(&b, `{"type":"function",%s,"symbol":%q,"code":"c%d","executed":["0x0..%#x"]}`+"\n", key, f[0], i,
			4*(len(f)-2))
	}
	return b.String()
}

func read(t testing.TB, text string) *Run {
	t.Helper()
	r, err := Read(strings.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	return r
}

const (
	framed = "a9bf7bfd 910003fd 94000001 a8c17bfd d65f03c0"          // stp, mov, bl, ldp, ret
	grown  = "d503201f a9bf7bfd 910003fd 97fffff0 a8c17bfd d65f03c0" // a nop before it, and the call goes elsewhere
)

func TestCompare(t *testing.T) {
	for _, c := range []struct {
		name     string
		old, new string
		options  Options
		want     string // the lines of the report that are about instructions
		failed   bool
	}{
		{
			name: "the same",
			old:  report(t, "s:v", "f "+framed, "f 0x4 0x8 omitted"),
			new:  report(t, "s:v", "f "+framed, "f 0x4 0x8 omitted"),
		}, {
			name: "moved within the function",
			old:  report(t, "s:v", "f "+framed, "f 0x4 0x8 omitted"),
			new:  report(t, "s:v", "f "+grown, "f 0x8 0xc omitted"),
		}, {
			name: "better and worse",
			old:  report(t, "s:v", "f "+framed, "f 0x4 0x8 omitted"),
			new:  report(t, "s:v", "f "+framed, "f 0x8 0xc refused"),
			want: `
  WORSE   irq  f+0xc  exact -> refused    w  s:v@1
  better  irq  f+0x4  omitted -> exact    w  s:v@1
  better  irq  f+0x8  omitted -> refused  w  s:v@1`,
			failed: true,
		}, {
			name:    "more cautious",
			options: Options{Cautious: true},
			old:     report(t, "s:v", "f "+framed),
			new:     report(t, "s:v", "f "+framed, "f 0x8 0xc refused"),
		}, {
			name: "another name",
			old:  report(t, "s:v", "f "+framed, "f 0x0 0x0 omitted"),
			new:  report(t, "s:v", "g "+grown, "g 0x4 0x4 refused"),
			want: `
  better  irq  f+0x0 -> g+0x4  omitted -> refused  w  s:v@1`,
		}, {
			name: "new code, unsound as nothing was before",
			old:  report(t, "s:v", "f "+framed),
			new:  report(t, "s:v", "f "+grown, "f 0x0 0x0 omitted"),
			want: `
  APPEARED  irq  f+0x0  not run -> omitted  w  s:v@1`,
			failed: true,
		}, {
			name: "new code, unsound as the function was before",
			old:  report(t, "s:v", "f "+framed, "f 0x10 0x10 omitted"),
			new:  report(t, "s:v", "f "+grown, "f 0x0 0x0 omitted", "f 0x14 0x14 omitted"),
			want: `
  appeared  irq  f+0x0  not run -> omitted  w  s:v@1`,
		}, {
			name: "a function that is gone, and one that is new",
			old:  report(t, "s:v", "f "+framed, "g d503201f d503201f d503201f", "g 0x0 0x0 wrong"),
			new:  report(t, "s:v", "f "+framed, "h d65f03c0 d65f03c0", "h 0x4 0x4 refused"),
			want: `
  appeared  irq  h+0x4  not run -> refused  w  s:v@2
  vanished  irq  g+0x0  wrong -> not run    w  s:v@2`,
		}, {
			name: "rewritten",
			old:  report(t, "s:v", "f "+framed, "f 0x4 0x4 refused"),
			new:  report(t, "s:v", "f d503201f d503201f d503201f", "f 0x8 0x8 omitted"),
			want: `
  WORSE  irq  f+0x0..0x10 -> f+0x0..0x8, rewritten  refused -> omitted  w  s:v@1`,
			failed: true,
		}, {
			name: "a clone of a compiler's",
			old:  report(t, "s:v", "f.isra.0 "+framed, "f.isra.0 0x4 0x4 refused"),
			new:  report(t, "s:v", "f d503201f d503201f d503201f", "f 0x8 0x8 refused"),
		}, {
			name: "without code, by offset",
			old:  report(t, "s:v", "f 0x4 0x8 omitted"),
			new:  report(t, "s:v", "f 0x8 0xc omitted"),
			want: `
  WORSE   irq  f+0xc  exact -> omitted  w  s:v@0
  better  irq  f+0x4  omitted -> exact  w  s:v@0`,
			failed: true,
		}, {
			name: "the worst verdict at an instruction counts",
			old:  report(t, "s:v", "f "+framed, "f 0x4 0x4 refused", "f 0x4 0x4 wrong"),
			new:  report(t, "s:v", "f "+framed, "f 0x4 0x4 omitted", "f 0x4 0x4 refused"),
			want: `
  better  irq  f+0x4  wrong -> omitted  w  s:v@1`,
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := Compare(read(t, c.old), read(t, c.new), c.options)
			var text bytes.Buffer
			if err := r.Text(&text); err != nil {
				t.Fatal(err)
			}
			var lines []string
			for line := range strings.Lines(text.String()) {
				if strings.HasPrefix(line, "  ") {
					lines = append(lines, strings.TrimRight(line, "\n"))
				}
			}
			got := strings.Join(lines, "\n")
			if diff := cmp.Diff(strings.TrimPrefix(c.want, "\n"), got); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
			if r.Failed() != c.failed {
				t.Errorf("failed: %v", r.Failed())
			}
		})
	}
}

func TestPairs(t *testing.T) {
	old := read(t, report(t, "a:x")+report(t, "b:mainline")+report(t, "kernel/6.12/f:plain")+report(t, "only/old:v")+
		report(t, "two:p")+report(t, "two:q"))
	newer := read(t, report(t, "kernel/7.3/f:plain")+report(t, "a:x")+report(t, "b:record")+report(t, "only/new:v")+
		report(t, "two:r"))
	var got []string
	for _, p := range pairTargets(old, newer) {
		name := func(t *Target) string {
			if t == nil {
				return "-"
			}
			return t.Name()
		}
		got = append(got, name(p.old)+" "+name(p.new))
	}
	want := []string{
		"a:x a:x", "b:mainline b:record", "kernel/6.12/f:plain kernel/7.3/f:plain", "only/old:v -",
		"two:p -", "two:q -", "- only/new:v", "- two:r",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

func TestReadComplains(t *testing.T) {
	for text, want := range map[string]string{
		"":                              "not a report",
		"hello\n":                       "line 1: not a report",
		"{}\n":                          "line 1: not a report",
		`{"type":"point","scenario":1}`: "not a report",
		report(t, "s:v") +
			`{"type":"window","verdict":"fine"}`: `line 2: no verdict "fine"`,
		report(t, "s:v") +
			`{"type":"window","verdict":"wrong","from":"0x8","to":"0x0"}`: "line 2: a window from 0x8 to 0x0",
		report(t, "s:v") +
			`{"type":"window","verdict":"wrong","from":"0x0","to":"0xffffffffffffffff"}`: "line 2: a window",
		report(t, "s:v") +
			`{"type":"function","symbol":"f","code":"f.0"}`: `line 2: the code "f.0" of f`,
		report(t, "s:v") +
			`{"type":"code","symbol":"f","words":"d65f"}`: "line 2: the code of f",
		report(t, "s:v", "f d65f03c0") +
			`{"type":"function","symbol":"f","code":"c0","executed":["0x0..0x4"]}`: `line 4: f has no instructions "0x0..0x4"`,
	} {
		if _, err := Read(strings.NewReader(text)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %q", text, err, want)
		}
	}
	if _, err := Read(strings.NewReader("hello")); !errors.Is(err, ErrNoReport) {
		t.Errorf("%v", err)
	}
}

// Markdown is cut off where a comment on a pull request would be, and its cells hold what is in them.
func TestMarkdown(t *testing.T) {
	var windows []string
	for i := range 150 {
		windows = append(windows, fmt.Sprintf("f %#x %#x wrong", 8*i, 8*i))
	}
	var b bytes.Buffer
	if err := Compare(read(t, report(t, "s_1:v")), read(t, report(t, "s_1:v", windows...)),
		Options{}).Markdown(&b); err != nil {
		t.Fatal(err)
	}
	text := b.String()
	for _, want := range []string{
		"**targets: 1 different, 0 the same, 0 only in the old run, 0 only in the new: something got worse.**\n",
		"| w | 150 | 0 | 0 | 0 |\n", "\n### s\\_1:v\n",
		"| **WORSE** | irq | `f+0x8` | exact -> wrong | w | `s_1:v@1` |\n", "\n… and 50 more changes.\n",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("%q is missing in\n%s", want, text)
		}
	}
}

// Whatever a report contains, reading it ends with an error or a run that is no better and no worse than itself.
func FuzzRead(f *testing.F) {
	f.Add(report(f, "s:v", "f "+framed, "f 0x4 0x8 omitted"))
	f.Add(report(f, "s:v", "f 0x4 0x8 omitted", "f 0x0 0x4 refused"))
	f.Add(`{"type":"interrupted"}`)
	blind.Fuzz(f, func(t *testing.T, text string) {
		if len(text) > 1<<14 {
			return
		}
		old, err := Read(strings.NewReader(text))
		if err != nil {
			return
		}
		r := Compare(old, read(t, text), Options{})
		for _, c := range r.Targets {
			if len(c.Changes) > 0 && len(old.Targets) > 0 && unique(old) {
				t.Fatalf("a run differs from itself: %+v", c)
			}
		}
	})
}

// unique reports whether no function is there twice in a target: the report of a sweep may have two functions of one
// name.
func unique(r *Run) bool {
	for _, t := range r.Targets {
		seen := map[string]bool{}
		for _, f := range t.Functions {
			if seen[f.Symbol] {
				return false
			}
			seen[f.Symbol] = true
		}
	}
	return true
}
