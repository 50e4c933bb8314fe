// SPDX-License-Identifier: GPL-2.0-only

package leaf

import (
	"encoding/json"
	"fmt"
	"io"

	"stacksweep/unwind/flow"
	"stacksweep/unwind/tablecheck"
)

// jsonLeaf is a function. Addresses are hexadecimal strings, offsets count bytes from the function's start.
type jsonLeaf struct {
	Type        string   `json:"type"` // "function"
	Symbol      string   `json:"symbol"`
	Aliases     []string `json:"aliases,omitempty"`
	Address     string   `json:"address"`
	Size        uint32   `json:"size"`
	Class       string   `json:"class"`
	Annotation  string   `json:"annotation,omitempty"` // "leaf", "wrong", "rows" or "partial"
	Offset      *int32   `json:"offset,omitempty"`     // of the instruction that decides
	Instruction string   `json:"instruction,omitempty"`
	Why         string   `json:"why,omitempty"`
	WritesSP    bool     `json:"writes_sp"`
	WritesX29   bool     `json:"writes_x29"`
	WritesX30   bool     `json:"writes_x30"`
	KeepsFrame  bool     `json:"keeps_frame"`
	Calls       int      `json:"calls"`
	Grows       bool     `json:"grows_stack,omitempty"`    // by a call without a frame record, as Go does
	Apart       bool     `json:"restores_apart,omitempty"` // X29, then X30: between the two neither leads to the caller
	TailJumps   int      `json:"tail_jumps"`
	Computed    int      `json:"computed_branches"`
	Patched     bool     `json:"patched"`                // by ftrace
	Alternative int      `json:"alternatives,omitempty"` // places that may be patched for a CPU, where the file says so
	NoReturn    bool     `json:"noreturn"`
	Unreached   int      `json:"unreached"`
	// With -confirm: instructions that were executed with the frame as the class says, and the first one that was not.
	Confirmed    int    `json:"confirmed,omitempty"`
	Contradicted string `json:"contradicted,omitempty"`
}

type jsonLeafSummary struct {
	Type      string         `json:"type"` // "summary"
	Functions int            `json:"functions"`
	Classes   map[string]int `json:"classes"`
	Wrong     int            `json:"wrong_annotations"`
}

// WriteJSON writes an object for each function and one for the summary, one a line.
func (r *Report) WriteJSON(out io.Writer) error {
	enc := json.NewEncoder(out)
	enc.SetEscapeHTML(false)
	for i := range r.Functions {
		f := &r.Functions[i]
		c := &f.Flow.Class
		j := jsonLeaf{
			Type: "function", Symbol: f.Symbol.Name, Aliases: f.Aliases, Address: fmt.Sprintf("%#x", f.Flow.Addr),
			Size:  f.Flow.Size,
			Class: c.Class.String(), Why: c.Why, WritesSP: c.WritesSP, WritesX29: c.WritesX29, WritesX30: c.WritesX30,
			KeepsFrame: c.KeepsFrame, Grows: c.GrowsStack, Apart: c.RestoresApart,
			Calls: c.Calls, TailJumps: c.TailJumps, Computed: c.Computed,
			Patched: c.Patchable, Alternative: f.alternatives, NoReturn: f.Flow.NoReturn, Unreached: c.Unreached,
			Confirmed: f.confirmed.Instructions, Contradicted: f.confirmed.Against,
		}
		if c.At != flow.AtEntry {
			j.Offset, j.Instruction = &c.At, tablecheck.Instruction(r.Image, f.Flow.Addr+uint64(c.At))
		}
		switch f.annotation {
		case annotationNone:
		case annotationWrong:
			j.Annotation = "wrong"
		default:
			j.Annotation = string(f.annotation)
		}
		if err := enc.Encode(j); err != nil {
			return err
		}
	}
	perClass, wrong := r.count()
	return enc.Encode(jsonLeafSummary{"summary", len(r.Functions), perClass, wrong})
}
