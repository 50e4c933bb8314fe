// SPDX-License-Identifier: GPL-2.0-only

package tablecheck

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
)

// The objects of the JSON lines. Addresses are hexadecimal strings.
type (
	jsonProblem struct {
		Type   string `json:"type"` // "problem"
		Kind   string `json:"kind"`
		Offset string `json:"offset"` // in the section
		Text   string `json:"text"`
	}
	jsonDisagreement struct {
		Type         string `json:"type"`   // "disagreement" or "undecided"
		Source       string `json:"source"` // "code" or "dwarf", or "table" of a row that says more than is followed
		Place        string `json:"place"`
		From         string `json:"from"`
		To           string `json:"to"`
		Instructions uint64 `json:"instructions"`
		Fact         string `json:"fact,omitempty"`
		Table        string `json:"table"`
		Actual       string `json:"actual,omitempty"`
		Since        string `json:"since,omitempty"`
		Instruction  string `json:"instruction,omitempty"`
	}
	jsonHole struct {
		Type         string `json:"type"` // "hole"
		Kind         string `json:"kind"`
		Cause        string `json:"cause"`
		Symbol       string `json:"symbol"`
		From         string `json:"from"`
		To           string `json:"to"`
		Instructions int    `json:"instructions"`
	}
	jsonLeaf struct {
		Type   string `json:"type"` // "leaf": an annotation that is wrong
		Symbol string `json:"symbol"`
		From   string `json:"from"`
	}
	jsonSpan struct {
		Type  string `json:"type"` // "span": an FDE of two functions
		Outer string `json:"outer"`
		Inner string `json:"inner"`
	}
	jsonTable struct {
		Type               string           `json:"type"` // "summary"
		Compilers          []string         `json:"compilers,omitempty"`
		FDEs               int              `json:"fdes"`
		Nameless           int              `json:"fdes_without_symbol"`
		Agree              int              `json:"agree"`
		Disagree           int              `json:"disagree"`
		Undecided          int              `json:"undecided"`
		UndecidedFunctions int              `json:"undecided_functions"`
		DWARFAgree         int              `json:"dwarf_agree"`
		DWARF              int              `json:"dwarf_disagree"`
		DWARFAlone         int              `json:"dwarf_alone"`
		Leaves             int              `json:"leaves"`
		WrongLeaves        int              `json:"wrong_leaves"`
		Problems           int              `json:"problems"`
		Holes              map[HoleKind]int `json:"holes"`
	}
)

// WriteJSON writes a JSON object in a line for everything that was found, and a summary. Without verbose, what is
// undecided is only counted.
func (t *Check) WriteJSON(out io.Writer, verbose bool) error {
	enc := json.NewEncoder(out)
	enc.SetEscapeHTML(false)
	var err error
	emit := func(v any) { err = errors.Join(err, enc.Encode(v)) }
	for _, p := range t.Problems {
		emit(jsonProblem{"problem", string(p.Kind), hex(uint64(p.Offset)), p.String() + t.function(p)})
	}
	for i := range t.Disagree {
		emit(t.jsonDisagreement("disagreement", &t.Disagree[i]))
	}
	if verbose {
		for i := range t.Unknown {
			emit(t.jsonDisagreement("undecided", &t.Unknown[i]))
		}
		for _, b := range t.Beyond {
			emit(jsonDisagreement{Type: "undecided", Source: "table", Place: t.Span(b.From, b.To), From: hex(b.From),
				To: hex(b.To), Instructions: (b.To - b.From) / 4, Table: b.Says})
		}
	}
	for i := range t.Holes {
		h := &t.Holes[i]
		emit(jsonHole{"hole", string(h.Kind), string(h.Cause), h.Symbol.Name, hex(h.From), hex(h.To), h.Instructions()})
	}
	for _, s := range t.Wrong {
		emit(jsonLeaf{"leaf", s.Name, hex(s.Addr)})
	}
	for _, span := range t.Spans {
		emit(jsonSpan{"span", span.Outer.Name, span.Inner.Name})
	}
	c := &t.Counts
	sum := jsonTable{
		Type: "summary", Compilers: t.Compilers(), FDEs: c.FDEs, Nameless: c.Nameless,
		Agree: c.Agree, Disagree: c.Disagree, Undecided: c.Undecided, UndecidedFunctions: c.UndecidedFunctions,
		DWARFAgree: c.DWARFAgree, DWARF: c.DWARFDisagree, DWARFAlone: c.DWARFAlone,
		Leaves: c.Leaves, WrongLeaves: len(t.Wrong), Problems: len(t.Problems), Holes: map[HoleKind]int{},
	}
	for _, h := range t.Holes {
		sum.Holes[h.Kind]++
	}
	emit(sum)
	return err
}

func (t *Check) jsonDisagreement(kind string, d *Disagreement) jsonDisagreement {
	j := jsonDisagreement{
		Type: kind, Source: d.Source, Place: t.Span(d.From, d.To), From: hex(d.From), To: hex(d.To),
		Instructions: (d.To - d.From) / 4, Table: d.Rule.String(), Actual: d.Other.String(),
	}
	if d.Source == "code" {
		j.Fact, j.Actual = string(d.Judged.Fact), subject(d.Rule, d.Judged.Fact)+" is "+d.Judged.Actual.String()
		if d.Since != 0 {
			j.Since, j.Instruction = hex(d.Since), Instruction(t.Image, d.Since)
		}
	}
	return j
}

func hex(n uint64) string { return fmt.Sprintf("%#x", n) }
