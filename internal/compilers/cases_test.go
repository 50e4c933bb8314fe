// SPDX-License-Identifier: GPL-2.0-only

package compilers

import (
	"bytes"
	"flag"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"stacksweep/internal/kbuild"
)

var update = flag.Bool("update", false, "write the table into the document")

// Functions that each compiler describes wrongly, as docs/gcc-epilogue.md says: gcc wherever the CFA is on x29 and the
// record isn't at the bottom of the frame, which a stack protector makes so from gcc 13 on.
func TestCases(t *testing.T) {
	const off, on = "-fno-stack-protector", "-fstack-protector-strong"
	want := map[string]map[string][]string{
		"gcc-12":      {off: {"address_arguments"}, on: {"address_arguments"}},
		"gcc-13":      {off: {"address_arguments"}, on: {"address_arguments", "address_array"}},
		"gcc-14":      {off: {"address_arguments"}, on: {"address_arguments", "address_array"}},
		"gcc-15":      {off: {"address_arguments"}, on: {"address_arguments", "address_array"}},
		"gcc-current": {off: {"address_arguments"}, on: {"address_arguments", "address_array"}},
		"clang":       {off: nil, on: nil},
	}
	var columns []Column
	for _, c := range kbuild.Compilers() {
		t.Run(c.Name, func(t *testing.T) {
			if !c.Cached() {
				t.Skip("not in the cache: 'stacksweep kernel compilers -cases' fetches it")
			}
			results, err := Cases(t.Context(), c)
			if err != nil {
				t.Fatal(err)
			}
			got := map[string][]string{}
			for _, r := range results {
				if r.Err != "" || r.Instructions == 0 || r.Undecided > 0 {
					t.Errorf("%s %s: %d instructions compared, %d undecided, %s", r.File, r.Options, r.Instructions,
						r.Undecided, r.Err)
				}
				got[r.Options] = r.Functions()
			}
			if diff := cmp.Diff(want[c.Name], got); diff != "" {
				t.Errorf("described wrongly (-want +got):\n%s", diff)
			}
			columns = append(columns, Column{Name: c.Name, Results: results})
		})
	}
	if len(columns) < len(want) {
		t.Skip("the document's table takes all compilers")
	}
	const doc, begin, end = "../../docs/gcc-epilogue.md", "<!-- cases -->\n", "<!-- end of cases -->"
	text, err := os.ReadFile(doc)
	if err != nil {
		t.Fatal(err)
	}
	before, rest, ok1 := strings.Cut(string(text), begin)
	table, after, ok2 := strings.Cut(rest, end)
	if !ok1 || !ok2 {
		t.Fatalf("%s has no place for the table", doc)
	}
	var now bytes.Buffer
	if err := Markdown(&now, columns); err != nil {
		t.Fatal(err)
	}
	if *update {
		if err := os.WriteFile(doc, []byte(before+begin+now.String()+end+after), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if diff := cmp.Diff(table, now.String()); diff != "" {
		t.Errorf("%s says otherwise; go test ./internal/compilers -update (-document +now):\n%s", doc, diff)
	}
}

// What can't be compiled is no 0.
func TestFailures(t *testing.T) {
	c := Column{Name: "gcc-12", Results: []Result{{File: "a.c"}, {File: "b.c", Err: "b.c:1: error"},
		{File: "c.c", Instructions: 4}}}
	for file, want := range map[string]string{"a.c": "nothing compared", "b.c": "failed", "c.c": "0",
		"d.c": "not run"} {
		if got := c.cell(file, ""); got != want {
			t.Errorf("%s: %q, want %q", file, got, want)
		}
	}
}
