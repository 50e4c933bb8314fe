// SPDX-License-Identifier: GPL-2.0-only

package leaf

import (
	"encoding/json"
	"fmt"
	"io"
	"text/tabwriter"

	"stacksweep/unwind/flow"
	"stacksweep/unwind/tablecheck"
)

// shownRuns is how many runs of a function the text names.
const shownRuns = 3

// PointerTotals are sums over functions.
type PointerTotals struct {
	functions, instructions, unknown, wrong, heuristicWrong int
	perfect                                                 int // functions in which the plain walk is right throughout
}

func (p *PointerTotals) add(f *flow.FramePointers) {
	p.functions++
	p.instructions += f.Instructions
	p.unknown += f.Unknown
	p.wrong += f.Wrong
	p.heuristicWrong += f.HeuristicWrong
	if f.Wrong == 0 {
		p.perfect++
	}
}

// String says what comes out of it all.
func (p *PointerTotals) String() string {
	share := func(n int) string {
		return fmt.Sprintf("%d (%.1f %%)", n, 100*float64(n)/float64(max(1, p.instructions)))
	}
	return fmt.Sprintf("%d functions, %d instructions: unwinding by frame pointers is wrong at %s, with a heuristic "+
		"for prologues, epilogues and leaves at %s; %d instructions are not known",
		p.functions, p.instructions, share(p.wrong), share(p.heuristicWrong), p.unknown)
}

func (r *Report) framePointers(f *Function) flow.FramePointers {
	code := tablecheck.Code(r.Image)(f.Flow.Addr, f.Flow.Addr+uint64(f.Flow.Size))
	return f.Flow.FramePointers(code)
}

// WritePointersText writes a line for each function in which a walk by frame pointers is wrong somewhere.
func (r *Report) WritePointersText(out io.Writer, totalsOnly bool) (p PointerTotals, err error) {
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	if !totalsOnly {
		fmt.Fprintln(w, "INSTRUCTIONS\tWRONG\tWITH HEURISTIC\tFUNCTION\tWHERE")
	}
	for i := range r.Functions {
		f := &r.Functions[i]
		of := r.framePointers(f)
		p.add(&of)
		if totalsOnly || of.Wrong == 0 && of.HeuristicWrong == 0 {
			continue
		}
		where := ""
		for n, run := range of.Runs {
			if n == shownRuns {
				where += " ..."
				break
			}
			mark := ""
			if !run.Heuristic {
				mark = "!"
			}
			where += fmt.Sprintf(" +%#x..+%#x%s", run.From, run.To, mark)
		}
		fmt.Fprintf(w, "%d\t%d\t%d\t%s\t%s\n", of.Instructions, of.Wrong, of.HeuristicWrong, f.Symbol.Name,
			where[min(1, len(where)):])
	}
	return p, w.Flush()
}

type jsonPointerRun struct {
	From          uint32 `json:"from"` // bytes from the function's start
	To            uint32 `json:"to"`
	FramePointers bool   `json:"frame_pointers_right"`
	Heuristic     bool   `json:"heuristic_right"`
}

type jsonPointers struct {
	Type         string           `json:"type"` // "frame-pointers"
	Symbol       string           `json:"symbol"`
	Address      string           `json:"address"`
	Instructions int              `json:"instructions"`
	Wrong        int              `json:"wrong"`
	Heuristic    int              `json:"heuristic_wrong"`
	Unknown      int              `json:"unknown,omitempty"`
	Runs         []jsonPointerRun `json:"runs,omitempty"`
}

type jsonPointerTotals struct {
	Type         string `json:"type"` // "summary"
	Functions    int    `json:"functions"`
	Perfect      int    `json:"functions_right"`
	Instructions int    `json:"instructions"`
	Wrong        int    `json:"wrong"`
	Heuristic    int    `json:"heuristic_wrong"`
	Unknown      int    `json:"unknown"`
}

// WritePointersJSON writes an object for each function, one a line.
func (r *Report) WritePointersJSON(out io.Writer) (p PointerTotals, err error) {
	enc := json.NewEncoder(out)
	enc.SetEscapeHTML(false)
	for i := range r.Functions {
		f := &r.Functions[i]
		of := r.framePointers(f)
		p.add(&of)
		j := jsonPointers{
			Type: "frame-pointers", Symbol: f.Symbol.Name, Address: fmt.Sprintf("%#x", f.Flow.Addr),
			Instructions: of.Instructions, Wrong: of.Wrong, Heuristic: of.HeuristicWrong, Unknown: of.Unknown,
		}
		for _, run := range of.Runs {
			j.Runs = append(j.Runs, jsonPointerRun{run.From, run.To, run.ByFramePointers, run.Heuristic})
		}
		if err := enc.Encode(j); err != nil {
			return p, err
		}
	}
	return p, nil
}

// Write writes the sums of all files.
func (p *PointerTotals) Write(out io.Writer, format string) error {
	if format != "jsonl" {
		_, err := fmt.Fprintln(out, p)
		return err
	}
	return json.NewEncoder(out).Encode(jsonPointerTotals{
		"summary", p.functions, p.perfect, p.instructions, p.wrong, p.heuristicWrong, p.unknown,
	})
}

// Add adds the sums of another file.
func (p *PointerTotals) Add(q PointerTotals) {
	p.functions += q.functions
	p.perfect += q.perfect
	p.instructions += q.instructions
	p.unknown += q.unknown
	p.wrong += q.wrong
	p.heuristicWrong += q.heuristicWrong
}
