package main

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"

	"stacksweep/emu/image"
	"stacksweep/unwind/flow"
	"stacksweep/unwind/sframe"
)

func runSFrameCheck(_ context.Context, c *cli, args []string) error {
	fs := c.flags()
	section := fs.String("section", ".sframe", "`name` of the section")
	withCFI := fs.Bool("cfi", false, "compare with the DWARF call frame information of the file, too")
	verbose := fs.Bool("v", false, "list every run of instructions, and what could not be decided")
	format := fs.String("format", "text", "`text` or jsonl")
	rest, err := c.parse(fs, args)
	if err != nil {
		return err
	}
	path, err := c.oneFile(rest)
	if err != nil {
		return err
	}
	if *format != "text" && *format != "jsonl" {
		return usagef("", "no format %q: there are text and jsonl", *format)
	}
	im, err := loadCode(path)
	if err != nil {
		return err
	}
	addr, data, ok := im.Section(*section)
	if !ok {
		return noSection(path, *section)
	}
	check := &tableCheck{im: im, problems: sframe.Verify(data, addr)}
	if err := check.run(path, data, addr, *withCFI); err != nil {
		return err
	}
	if err := check.report(c.stdout, *format == "jsonl", *verbose); err != nil {
		return err
	}
	if !check.clean() {
		return errTable
	}
	return nil
}

// A tableCheck holds an SFrame table against the code, the symbols and DWARF.
type tableCheck struct {
	im       *image.Image
	problems []sframe.Problem
	table    []described
	symbols  []image.Symbol // functions, one for each address
	differ   []disagreement
	unknown  []disagreement // what could not be decided
	holes    []hole
	counts   tableCounts
}

// A disagreement is a run of instructions of which two sources say different things, or one can't say.
type disagreement struct {
	From, To uint64 // addresses
	Source   string // "code" or "dwarf"
	Rule     flow.Rule
	Judged   flow.Judgement
	Since    uint64    // code: the instruction that decides, 0 if there is none
	Other    flow.Rule // dwarf: what DWARF says
}

// A hole is a run of instructions of a function that the table says nothing about.
type hole struct {
	Kind     holeKind
	Symbol   image.Symbol
	From, To uint64
}

type holeKind string

const (
	holeNoFDE holeKind = "no-fde" // the whole function
	holeStart holeKind = "start"  // the function begins before its FDE
	holeGap   holeKind = "gap"    // later instructions
	holeNoRow holeKind = "no-row" // inside an FDE, but no row covers it
)

func (h holeKind) explain() string {
	return map[holeKind]string{
		holeNoFDE: "functions without FDE",
		holeStart: "functions that begin before their FDE",
		holeGap:   "gaps inside or behind",
		holeNoRow: "instructions of an FDE without row",
	}[h]
}

type tableCounts struct {
	FDEs, Agree, Undecided, Disagree, DWARF int
	Functions, UndecidedFunctions           int
}

// clean reports whether nothing is wrong. What the table doesn't cover isn't: an unwinder refuses there.
func (t *tableCheck) clean() bool { return len(t.problems) == 0 && len(t.differ) == 0 }

// run makes all comparisons.
func (t *tableCheck) run(path string, data []byte, addr uint64, withCFI bool) error {
	s, err := decodeSection(path, data, addr)
	if err != nil {
		if len(t.problems) > 0 {
			return nil // which say all there is to say
		}
		return err
	}
	if s.ABI != sframe.AArch64LE {
		return usagef("", "%s: the table is for %v, the code is not", path, s.ABI)
	}
	if t.table, err = describedBySFrame(s); err != nil {
		if len(t.problems) > 0 {
			return nil
		}
		return usagef("", "%s: %v", path, err)
	}
	t.symbols = functionSymbols(t.im)
	t.findHoles()
	t.compareWithCode()
	if withCFI {
		info, err := callFrameInfo(t.im)
		if err != nil {
			return err
		}
		if info == nil {
			return usagef("", "%s has neither .eh_frame nor .debug_frame to compare with", path)
		}
		t.compareWithCFI(describedByCFI(info))
	}
	return nil
}

// functionSymbols lists the function symbols of an image by address, one for each address.
func functionSymbols(im *image.Image) []image.Symbol {
	var list []image.Symbol
	for s := range im.Symbols.All() {
		if s.Kind != image.Func || s.Addr%4 != 0 {
			continue
		}
		if n := len(list); n > 0 && list[n-1].Addr == s.Addr {
			list[n-1].Size = max(list[n-1].Size, s.Size)
			continue
		}
		list = append(list, s)
	}
	return list
}

// symbolAround returns the last function symbol that starts at or before an address, if it contains it.
func symbolAround(symbols []image.Symbol, addr uint64) (image.Symbol, bool) {
	i, found := slices.BinarySearchFunc(symbols, addr, func(s image.Symbol, addr uint64) int { return cmp.Compare(s.Addr, addr) })
	if !found {
		i--
	}
	if i < 0 || !symbols[i].Contains(addr) {
		return image.Symbol{}, false
	}
	return symbols[i], true
}

// isPart reports whether a symbol names the cold part that gcc splits off a function, or a place where GNU ld moves an
// instruction because of an erratum of Cortex-A53.
func isPart(name string) bool {
	if strings.HasPrefix(name, "e843419@") || strings.HasPrefix(name, "e835769@") {
		return true
	}
	_, suffix, found := strings.Cut(name, ".cold")
	return found && (suffix == "" || suffix[0] == '.')
}

// ranges are the functions to be interpreted: those of the table, from where their symbol starts, then those that the
// table doesn't know, whose behaviour matters to their callers.
func (t *tableCheck) ranges() []flow.Range {
	var list []flow.Range
	previousEnd := uint64(0)
	for i := range t.table {
		d := &t.table[i]
		r := flow.Range{Start: d.start, End: d.end}
		sym, ok := symbolAround(t.symbols, d.start)
		switch {
		case ok && sym.Addr < d.start && sym.Addr >= previousEnd:
			r.Start = sym.Addr
		case ok && sym.Addr == d.start && !isPart(sym.Name):
			r.Part = !d.startsAsFunction() && !t.returnsRight(r)
		default:
			r.Part = !d.startsAsFunction()
		}
		for _, s := range symbolsWithin(t.symbols, r.Start+4, r.End) {
			r.Entries = append(r.Entries, s.Addr)
		}
		list = append(list, r)
		previousEnd = max(previousEnd, d.end)
	}
	for _, s := range t.symbols {
		if len(covering(t.table, s.Addr, s.Addr+s.Size)) == 0 {
			list = append(list, flow.Range{Start: s.Addr, End: s.Addr + s.Size, Part: isPart(s.Name)})
		}
	}
	return list
}

// returnsRight reports whether code makes sense as a function that is called: every return then leads to its caller.
// Code that is entered in some other way, with a frame that it finds, doesn't.
func (t *tableCheck) returnsRight(r flow.Range) bool {
	f := flow.Analyze(codeOf(t.im)(r.Start, r.End), r.Start)
	return !slices.ContainsFunc(f.Exits, func(e flow.Exit) bool { return e.Kind == flow.Return && !e.Untouched })
}

// symbolsWithin returns the symbols that start from one address up to another.
func symbolsWithin(symbols []image.Symbol, start, end uint64) []image.Symbol {
	compare := func(s image.Symbol, addr uint64) int { return cmp.Compare(s.Addr, addr) }
	first, _ := slices.BinarySearchFunc(symbols, start, compare)
	last := first
	for last < len(symbols) && symbols[last].Addr < end {
		last++
	}
	return symbols[first:last]
}

// compareWithCode holds every row against what the instructions do.
func (t *tableCheck) compareWithCode() {
	functions := flow.Program(t.ranges(), codeOf(t.im))
	t.counts.FDEs = len(t.table)
	var list []flow.Judgement
	for i := range t.table {
		d, f := &t.table[i], functions[i]
		t.counts.Functions++
		t.counts.Undecided += d.unclear
		decided := d.unclear == 0
		for _, row := range d.rows {
			list = f.Compare(list[:0], uint32(row.from-f.Addr), uint32(row.to-f.Addr), row.rule)
			for _, j := range list {
				n := int(j.To-j.From) / 4
				switch j.Verdict {
				case flow.Agrees:
					t.counts.Agree += n
				case flow.Undecided:
					t.counts.Undecided += n
					decided = false
					t.unknown = append(t.unknown, newDisagreement(f, row.rule, j))
				case flow.Disagrees:
					t.counts.Disagree += n
					t.differ = append(t.differ, newDisagreement(f, row.rule, j))
				}
			}
		}
		if !decided {
			t.counts.UndecidedFunctions++
		}
	}
}

func newDisagreement(f *flow.Function, rule flow.Rule, j flow.Judgement) disagreement {
	d := disagreement{From: f.Addr + uint64(j.From), To: f.Addr + uint64(j.To), Source: "code", Rule: rule, Judged: j}
	if j.Actual.By != flow.AtEntry {
		d.Since = f.Addr + uint64(j.Actual.By)
	}
	return d
}

// compareWithCFI holds every row against DWARF, where it says something.
func (t *tableCheck) compareWithCFI(dwarf []described) {
	for i := range t.table {
		d := &t.table[i]
		for _, row := range d.rows {
			for _, other := range covering(dwarf, row.from, row.to) {
				for _, said := range other.rows {
					from, to := max(row.from, said.from), min(row.to, said.to)
					if from >= to || row.rule == said.rule {
						continue
					}
					t.counts.DWARF += int(to-from) / 4
					t.differ = append(t.differ, disagreement{From: from, To: to, Source: "dwarf", Rule: row.rule, Other: said.rule})
				}
			}
		}
	}
}

// findHoles lists the instructions of functions that no row covers.
func (t *tableCheck) findHoles() {
	for i, s := range t.symbols {
		end := s.Addr + s.Size
		if i+1 < len(t.symbols) {
			end = min(end, max(t.symbols[i+1].Addr, s.Addr))
		}
		at := s.Addr
		for _, d := range covering(t.table, s.Addr, end) {
			if d.start > at {
				kind := holeGap
				if at == s.Addr {
					kind = holeStart
				}
				t.addHole(kind, s, at, d.start)
			}
			at = max(at, d.end)
		}
		switch {
		case at == s.Addr:
			t.addHole(holeNoFDE, s, at, end)
		case at < end:
			t.addHole(holeGap, s, at, end)
		}
	}
	for i := range t.table {
		d := &t.table[i]
		if len(d.rows) > 0 && d.rows[0].from > d.start {
			sym, _ := symbolAround(t.symbols, d.start)
			t.addHole(holeNoRow, sym, d.start, d.rows[0].from)
		}
	}
}

// addHole notes a hole unless it is but padding behind a function.
func (t *tableCheck) addHole(kind holeKind, s image.Symbol, from, to uint64) {
	code := codeOf(t.im)(from, to)
	if kind == holeGap && flow.IsPadding(code) || len(code) == 0 {
		return
	}
	t.holes = append(t.holes, hole{kind, s, from, to})
}

// name is what a function is called, for a report.
func (h *hole) String() string {
	return fmt.Sprintf("%s+%#x..+%#x", h.Symbol.Name, h.From-h.Symbol.Addr, h.To-h.Symbol.Addr)
}
