package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"stacksweep/unwind/flow"
)

// report writes what was found. Without verbose, of each function only the first disagreement is shown, and neither
// what is undecided nor each hole.
func (t *tableCheck) report(w io.Writer, asJSON, verbose bool) error {
	out := bufio.NewWriter(w)
	if asJSON {
		return errors.Join(t.writeJSON(out, verbose), out.Flush())
	}
	t.writeText(out, verbose)
	return out.Flush()
}

func (t *tableCheck) writeText(out io.Writer, verbose bool) {
	for _, p := range t.problems {
		fmt.Fprintln(out, "problem:", p)
	}
	for _, group := range t.byFunction(t.differ) {
		for i, d := range group {
			if i > 0 && !verbose {
				fmt.Fprintf(out, "    and %d more instructions of the function\n", instructions(group[1:]))
				break
			}
			t.writeDisagreement(out, &d)
		}
	}
	if verbose {
		for _, d := range t.unknown {
			fmt.Fprintf(out, "undecided: %s: %s\n", t.span(d.From, d.To), t.reason(&d))
		}
		for _, h := range t.holes {
			fmt.Fprintf(out, "hole: %s: %d instructions (%s)\n", &h, (h.To-h.From)/4, h.Kind)
		}
	}
	c := &t.counts
	fmt.Fprintf(out, "%d FDEs: %d instructions agree with the code, %d disagree, %d undecided (in %d functions)\n",
		c.FDEs, c.Agree, c.Disagree, c.Undecided, c.UndecidedFunctions)
	if c.DWARF > 0 {
		fmt.Fprintf(out, "%d instructions disagree with DWARF\n", c.DWARF)
	}
	for _, kind := range []holeKind{holeNoFDE, holeStart, holeGap, holeNoRow} {
		if n, count := t.countHoles(kind); n > 0 {
			fmt.Fprintf(out, "not covered: %d %s, %d instructions\n", n, kind.explain(), count)
		}
	}
	if len(t.problems) > 0 {
		fmt.Fprintf(out, "%d problems\n", len(t.problems))
	}
}

// countHoles counts the holes of a kind, and the instructions in them.
func (t *tableCheck) countHoles(kind holeKind) (holes, instructions int) {
	for _, h := range t.holes {
		if h.Kind == kind {
			holes++
			instructions += int(h.To-h.From) / 4
		}
	}
	return holes, instructions
}

func instructions(list []disagreement) int {
	n := 0
	for _, d := range list {
		n += int(d.To-d.From) / 4
	}
	return n
}

// byFunction groups what lies in the same function, in the order given.
func (t *tableCheck) byFunction(list []disagreement) [][]disagreement {
	var groups [][]disagreement
	var last uint64
	for _, d := range list {
		s, _ := symbolAround(t.symbols, d.From)
		if n := len(groups); n > 0 && s.Addr == last && s.Addr != 0 {
			groups[n-1] = append(groups[n-1], d)
			continue
		}
		groups = append(groups, []disagreement{d})
		last = s.Addr
	}
	return groups
}

func (t *tableCheck) writeDisagreement(out io.Writer, d *disagreement) {
	fmt.Fprintf(out, "%s: %d instructions\n    table: %v\n", t.span(d.From, d.To), (d.To-d.From)/4, d.Rule)
	if d.Source == "dwarf" {
		fmt.Fprintf(out, "    dwarf: %v\n", d.Other)
		return
	}
	fmt.Fprintf(out, "    code:  %s\n", t.reason(d))
}

// reason says what the code does to what the rule relies on, and which instruction does it.
func (t *tableCheck) reason(d *disagreement) string {
	j := &d.Judged
	text := fmt.Sprintf("%s is %v", subject(d.Rule, j.Fact), j.Actual)
	if j.How == flow.Unreached {
		return "no branch of the function leads here, and no single frame fits"
	}
	if j.Actual.Merged {
		text = fmt.Sprintf("%s differs by the path taken", subject(d.Rule, j.Fact))
	}
	if d.Since != 0 {
		text += fmt.Sprintf(" since %s: %s", place(t.im, d.Since), instruction(t.im, d.Since))
	}
	return text
}

// subject is what a fact of a rule relies on.
func subject(r flow.Rule, fact flow.Fact) string {
	of := func(p flow.Place, register string) string {
		if p.Saved {
			return fmt.Sprintf("the word at CFA%+d", p.Offset)
		}
		return register
	}
	switch {
	case fact == flow.FactCFA && r.OnFP:
		return "X29"
	case fact == flow.FactCFA:
		return "SP"
	case fact == flow.FactFP:
		return of(r.FP, "X29")
	}
	return of(r.RA, "X30")
}

// span names the instructions from one address up to another: symbol+0x4..+0x20.
func (t *tableCheck) span(from, to uint64) string {
	s, ok := symbolAround(t.symbols, from)
	if !ok {
		return fmt.Sprintf("%#x..%#x", from, to)
	}
	return fmt.Sprintf("%s+%#x..+%#x", s.Name, from-s.Addr, to-s.Addr)
}

// The objects of the JSON lines. Addresses are hexadecimal strings.
type (
	jsonProblem struct {
		Type   string `json:"type"` // "problem"
		Kind   string `json:"kind"`
		Offset string `json:"offset"` // in the section
		Text   string `json:"text"`
	}
	jsonDisagreement struct {
		Type         string `json:"type"` // "disagreement" or "undecided"
		Source       string `json:"source"`
		Place        string `json:"place"`
		From         string `json:"from"`
		To           string `json:"to"`
		Instructions uint64 `json:"instructions"`
		Fact         string `json:"fact,omitempty"`
		Table        string `json:"table"`
		Actual       string `json:"actual"`
		Since        string `json:"since,omitempty"`
		Instruction  string `json:"instruction,omitempty"`
	}
	jsonHole struct {
		Type         string `json:"type"` // "hole"
		Kind         string `json:"kind"`
		Symbol       string `json:"symbol"`
		From         string `json:"from"`
		To           string `json:"to"`
		Instructions uint64 `json:"instructions"`
	}
	jsonTable struct {
		Type               string           `json:"type"` // "summary"
		FDEs               int              `json:"fdes"`
		Agree              int              `json:"agree"`
		Disagree           int              `json:"disagree"`
		Undecided          int              `json:"undecided"`
		UndecidedFunctions int              `json:"undecided_functions"`
		DWARF              int              `json:"dwarf_disagree"`
		Problems           int              `json:"problems"`
		Holes              map[holeKind]int `json:"holes"`
	}
)

func (t *tableCheck) writeJSON(out io.Writer, verbose bool) error {
	enc := json.NewEncoder(out)
	enc.SetEscapeHTML(false)
	var err error
	emit := func(v any) { err = errors.Join(err, enc.Encode(v)) }
	for _, p := range t.problems {
		emit(jsonProblem{"problem", string(p.Kind), hex(uint64(p.Offset)), p.String()})
	}
	for i := range t.differ {
		emit(t.jsonDisagreement("disagreement", &t.differ[i]))
	}
	if verbose {
		for i := range t.unknown {
			emit(t.jsonDisagreement("undecided", &t.unknown[i]))
		}
	}
	for _, h := range t.holes {
		emit(jsonHole{"hole", string(h.Kind), h.Symbol.Name, hex(h.From), hex(h.To), (h.To - h.From) / 4})
	}
	c := &t.counts
	sum := jsonTable{"summary", c.FDEs, c.Agree, c.Disagree, c.Undecided, c.UndecidedFunctions, c.DWARF, len(t.problems), map[holeKind]int{}}
	for _, h := range t.holes {
		sum.Holes[h.Kind]++
	}
	emit(sum)
	return err
}

func (t *tableCheck) jsonDisagreement(kind string, d *disagreement) jsonDisagreement {
	j := jsonDisagreement{
		Type: kind, Source: d.Source, Place: t.span(d.From, d.To), From: hex(d.From), To: hex(d.To),
		Instructions: (d.To - d.From) / 4, Table: d.Rule.String(), Actual: d.Other.String(),
	}
	if d.Source == "code" {
		j.Fact, j.Actual = string(d.Judged.Fact), subject(d.Rule, d.Judged.Fact)+" is "+d.Judged.Actual.String()
		if d.Since != 0 {
			j.Since, j.Instruction = hex(d.Since), instruction(t.im, d.Since)
		}
	}
	return j
}

func hex(n uint64) string { return fmt.Sprintf("%#x", n) }
