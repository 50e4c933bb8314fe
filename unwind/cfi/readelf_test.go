// SPDX-License-Identifier: GPL-2.0-only

package cfi

import (
	"bufio"
	"debug/elf"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"stacksweep/internal/testkit"

	"github.com/google/go-cmp/cmp"
)

// The reference is what readelf --debug-dump=frames-interp prints of the same sections.

// A printedEntry is a CIE or an FDE as readelf printed it.
type printedEntry struct {
	cie          uint64 // offset of an FDE's CIE
	start, end   uint64 // of an FDE
	codeAlign    uint64 // of a CIE
	dataAlign    int64
	ra           uint64
	augmentation string
	columns      []string // registers
	rows         []printedRow
}

// A printedRow has a cell for every column.
type printedRow struct {
	loc   uint64
	cfa   string
	cells []string
}

// A printedSection holds the entries by their offset.
type printedSection struct {
	cies, fdes map[uint64]*printedEntry
}

var (
	sectionLine = regexp.MustCompile(`^Contents of the (\S+) section`)
	cieLine     = regexp.MustCompile(
		`^([0-9a-f]{8,}) [0-9a-f]{8,} [0-9a-f]{8,} CIE "(.*)" cf=(\d+) df=(-?\d+) ra=(\d+)$`)
	fdeLine = regexp.MustCompile(
		`^([0-9a-f]{8,}) [0-9a-f]{8,} [0-9a-f]{8,} FDE cie=([0-9a-f]{8,}) pc=([0-9a-f]{16})\.\.([0-9a-f]{16})$`)
	rowLine = regexp.MustCompile(`^([0-9a-f]{16}) (\S.*)$`)
	alias   = regexp.MustCompile(`r\d+ \((\w+)\)`) // "r9 (x9)"
)

// parsePrinted reads readelf's text.
func parsePrinted(t *testing.T, text string) map[string]*printedSection {
	t.Helper()
	hex := func(s string) uint64 {
		v, err := strconv.ParseUint(s, 16, 64)
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
	sections := make(map[string]*printedSection)
	var section *printedSection
	var entry *printedEntry
	lines := bufio.NewScanner(strings.NewReader(text))
	for lines.Scan() {
		line := alias.ReplaceAllString(strings.TrimRight(lines.Text(), " "), "$1")
		if m := sectionLine.FindStringSubmatch(line); m != nil {
			section = &printedSection{cies: map[uint64]*printedEntry{}, fdes: map[uint64]*printedEntry{}}
			sections[m[1]] = section
		} else if m := cieLine.FindStringSubmatch(line); m != nil {
			entry = &printedEntry{augmentation: m[2]}
			fmt.Sscan(m[3], &entry.codeAlign)
			fmt.Sscan(m[4], &entry.dataAlign)
			fmt.Sscan(m[5], &entry.ra)
			section.cies[hex(m[1])] = entry
		} else if m := fdeLine.FindStringSubmatch(line); m != nil {
			entry = &printedEntry{cie: hex(m[2]), start: hex(m[3]), end: hex(m[4])}
			section.fdes[hex(m[1])] = entry
		} else if f := strings.Fields(line); len(f) > 1 && f[0] == "LOC" {
			entry.columns = f[2:]
		} else if m := rowLine.FindStringSubmatch(line); m != nil {
			f := strings.Fields(m[2])
			if len(f) != 1+len(entry.columns) {
				t.Fatalf("readelf: %q doesn't fit the columns %q", line, entry.columns)
			}
			entry.rows = append(entry.rows, printedRow{loc: hex(m[1]), cfa: f[0], cells: f[1:]})
		}
	}
	return sections
}

// normalizeCFA drops what readelf 2.40 doesn't keep of the offset: all but 32 bits.
func normalizeCFA(cfa string) string {
	sign := strings.LastIndexAny(cfa, "+-")
	if sign < 0 {
		return cfa
	}
	offset, err := strconv.ParseInt(cfa[sign:], 10, 64)
	if err != nil {
		return cfa
	}
	return fmt.Sprintf("%s%+d", cfa[:sign], int32(offset))
}

// lines writes a printed entry's table in the form in which rowLines writes ours, with what readelf leaves out.
func (e *printedEntry) lines(cie *printedEntry) []string {
	columns, rows := e.columns, e.rows
	if len(rows) == 0 { // nothing but DW_CFA_nop: the table is the CIE's
		columns, rows = cie.columns, slices.Clone(cie.rows)
		if len(rows) == 0 {
			rows = []printedRow{{cfa: "x0+0"}}
		}
		rows[0].loc = e.start
	}
	var out []string
	for i, r := range rows {
		next := e.end
		if i+1 < len(rows) {
			next = rows[i+1].loc
		}
		if r.loc == next { // covers nothing
			continue
		}
		cells := []string{fmt.Sprintf("%#x", r.loc), normalizeCFA(r.cfa)}
		for j, c := range columns {
			if r.cells[j] != "u" {
				cells = append(cells, c+"="+r.cells[j])
			}
		}
		out = append(out, strings.Join(cells, " "))
	}
	return out
}

// rowLines writes rows as readelf would, without the rules that it doesn't tell from none.
func rowLines(rows []Row) []string {
	var out []string
	for _, r := range rows {
		cfa := r.CFA.String()
		if r.CFA.Kind == CFAUndefined {
			cfa = "x0+0" // what readelf makes of no CFA at all
		}
		cells := []string{fmt.Sprintf("%#x", r.Start), normalizeCFA(cfa)}
		ra := ""
		for _, rr := range r.Rules {
			rule := rr.Rule.String()
			name := rr.Reg.String()
			switch {
			case rr.Rule.Kind == Undefined:
				continue
			case rr.Reg == PC:
				name = "r32"
			}
			if rr.Reg == r.FDE.CIE.ReturnRegister {
				ra = "ra=" + rule
				continue
			}
			if rr.Reg > LR && ra != "" { // readelf keeps the columns in the order of registers
				cells, ra = append(cells, ra), ""
			}
			cells = append(cells, name+"="+rule)
		}
		if ra != "" {
			cells = append(cells, ra)
		}
		out = append(out, strings.Join(cells, " "))
	}
	return out
}

// compareWithReadelf compares every entry of every section of a file with readelf's text, and returns the number of
// FDEs.
func compareWithReadelf(t *testing.T, path, text string) int {
	t.Helper()
	n := 0
	for name, want := range parsePrinted(t, text) {
		if name == ".eh_frame_hdr" {
			continue
		}
		info := loadSection(t, path, name)
		if len(info.FDEs) != len(want.fdes) {
			t.Errorf("%s: %d FDEs, readelf has %d", name, len(info.FDEs), len(want.fdes))
		}
		for _, f := range info.FDEs {
			n++
			e := want.fdes[f.Offset]
			if e == nil {
				t.Errorf("%v: readelf has no FDE at this offset", f)
				continue
			}
			cie := want.cies[e.cie]
			got := printedEntry{
				cie: f.CIE.Offset, start: f.Start, end: f.End, augmentation: f.CIE.Augmentation,
				codeAlign: f.CIE.CodeAlign, dataAlign: f.CIE.DataAlign, ra: uint64(f.CIE.ReturnRegister),
			}
			ref := *e
			ref.columns, ref.rows = nil, nil
			ref.augmentation, ref.codeAlign, ref.dataAlign, ref.ra = cie.augmentation, cie.codeAlign,
				cie.dataAlign, cie.ra
			if diff := cmp.Diff(ref, got, cmp.AllowUnexported(printedEntry{})); diff != "" {
				t.Errorf("%v (-readelf +got):\n%s", f, diff)
			}
			rows, err := f.Rows()
			if err != nil {
				t.Errorf("%v: %v", f, err)
				continue
			}
			if diff := cmp.Diff(e.lines(cie), rowLines(rows)); diff != "" {
				t.Errorf("%v (-readelf +got):\n%s", f, diff)
			}
		}
	}
	return n
}

// loadSection parses a section of an ELF file.
func loadSection(t testing.TB, path, name string) *Info {
	t.Helper()
	f, err := elf.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	s := f.Section(name)
	if s == nil {
		t.Fatalf("%s has no %s", path, name)
		return nil
	}
	data, err := s.Data()
	if err != nil {
		t.Fatal(err)
	}
	kind := EHFrame
	if name == ".debug_frame" {
		kind = DebugFrame
	}
	info, err := Parse(data, s.Addr, kind)
	if err != nil {
		t.Fatalf("%s: %v", path, err)
	}
	return info
}

// The tools that tests can use when they are here.
const (
	crossCC      = "aarch64-linux-gnu-gcc"
	crossReadelf = "aarch64-linux-gnu-readelf"
)

// cached returns a path in the cache folder that the commands below tools/ fill.
func cached(elem ...string) string {
	dir, err := os.UserCacheDir()
	if err != nil {
		return ""
	}
	return filepath.Join(append([]string{dir, "stacksweep"}, elem...)...)
}

func newBinutils() string { return cached("binutils-sid", "bin") }

// readelfs are the versions of readelf to compare with.
func readelfs() []string { return []string{crossReadelf, filepath.Join(newBinutils(), "readelf")} }

// run executes a tool, or skips the test when it isn't here.
func run(t *testing.T, name string, args ...string) string {
	t.Helper()
	testkit.Tool(t, name)
	cmd := exec.Command(name, args...)
	cmd.Env = append(os.Environ(), "LC_ALL=C")
	var stderr strings.Builder
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%s %s: %v\n%s", name, strings.Join(args, " "), err, stderr.String())
	}
	return string(out)
}
