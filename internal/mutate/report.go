// SPDX-License-Identifier: GPL-2.0-only

package mutate

import (
	"encoding/json"
	"fmt"
	"io"
	"text/tabwriter"
)

// A Report prints outcomes as they come, and at the end how many there were of each kind and fate.
type Report struct {
	w       io.Writer
	lines   bool // JSON
	all     bool
	counts  map[Kind]*[numFates]int
	unknown int
}

// NewReport makes a report: text, or a JSON object per line. Only survivors are listed unless all is asked for.
func NewReport(w io.Writer, jsonLines, all bool) *Report {
	return &Report{w: w, lines: jsonLines, all: all, counts: map[Kind]*[numFates]int{}}
}

// outcomeJSON is an outcome in JSON.
type outcomeJSON struct {
	Type   string `json:"type"` // "mutant"
	Kind   string `json:"kind"`
	Place  string `json:"place"`
	Change string `json:"change"`
	Fate   string `json:"fate"`
	Target string `json:"target,omitempty"`
	Why    string `json:"why,omitempty"`
	Reason string `json:"reason,omitempty"`
}

// totalJSON is how many mutants of a kind there were.
type totalJSON struct {
	Type       string `json:"type"` // "total"
	Kind       string `json:"kind"`
	Mutants    int    `json:"mutants"`
	Caught     int    `json:"caught"`
	Equivalent int    `json:"equivalent"`
	Alike      int    `json:"alike"`
	Survived   int    `json:"survived"`
	Unreached  int    `json:"unreached"`
}

// Add reports an outcome.
func (r *Report) Add(o Outcome) error {
	if r.counts[o.Kind] == nil {
		r.counts[o.Kind] = &[numFates]int{}
	}
	r.counts[o.Kind][o.Fate]++
	if o.Fate == Survived && o.Reason == "" {
		r.unknown++
	}
	if !r.all && o.Fate != Survived {
		return nil
	}
	if r.lines {
		return r.json(outcomeJSON{"mutant", o.Kind.String(), o.Place, o.Change, o.Fate.String(), o.Target,
			o.Why, o.Reason})
	}
	text := fmt.Sprintf("%s: %v", o.Name(), o.Fate)
	if o.Target != "" {
		text += " in " + o.Target + ": " + o.Why
	}
	if o.Reason != "" {
		text += " (" + o.Reason + ")"
	}
	_, err := fmt.Fprintln(r.w, text)
	return err
}

func (r *Report) json(v any) error {
	line, err := json.Marshal(v)
	if err == nil {
		_, err = r.w.Write(append(line, '\n'))
	}
	return err
}

// Unexplained is how many mutants have survived without a reason.
func (r *Report) Unexplained() int { return r.unknown }

// Close prints the totals.
func (r *Report) Close() error {
	if r.lines {
		for _, k := range Kinds() {
			if c := r.counts[k]; c != nil {
				if err := r.json(totalJSON{"total", k.String(), sum(c), c[Caught], c[Equivalent], c[Alike], c[Survived],
					c[Unreached]}); err != nil {
					return err
				}
			}
		}
		return nil
	}
	tw := tabwriter.NewWriter(r.w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(tw, "KIND\tMUTANTS\tCAUGHT\tEQUIVALENT\tALIKE\tSURVIVED\tUNREACHED")
	for _, k := range Kinds() {
		if c := r.counts[k]; c != nil {
			fmt.Fprintf(tw, "%v\t%d\t%d\t%d\t%d\t%d\t%d\n", k, sum(c), c[Caught], c[Equivalent], c[Alike], c[Survived],
				c[Unreached])
		}
	}
	if err := tw.Flush(); err != nil {
		return err
	}
	_, err := fmt.Fprintf(r.w, "%d survived without a reason\n", r.unknown)
	return err
}

func sum(c *[numFates]int) (n int) {
	for _, x := range c {
		n += x
	}
	return n
}
