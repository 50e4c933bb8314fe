// SPDX-License-Identifier: GPL-2.0-only

package report

import (
	_ "embed"
	"fmt"
	"io"
	"strings"

	"stacksweep/image"
	"stacksweep/internal/cover"
	"stacksweep/sweep/verdict"
)

// A Gap is a stretch of neighbouring instructions that no run has reached.
type Gap struct {
	Symbol   string
	From, To uint64 // offsets in bytes of the first and last
	Never    bool   // the function was never entered
	Reason   string // why, "" if none is given
}

func (g Gap) String() string {
	text := image.Places(g.Symbol, g.From, g.To)
	if g.Reason == "" {
		return text + ": no reason is known"
	}
	return text + ": " + g.Reason
}

//go:embed unreached.txt
var unreached string

// Coverage writes which instructions of an image a sweep has executed, and the gaps with the reason for each: an
// instruction that no run reaches has not been swept.
func Coverage(w io.Writer, im *image.Image, c *cover.Coverage) error {
	functions := c.Functions()
	total, missed := 0, 0
	for _, f := range functions {
		total += f.Instructions
		missed += len(f.Missed)
	}
	gaps, err := Gaps(im, c)
	if err != nil {
		return err
	}
	fmt.Fprintf(w, "\n%s: %d of %d instructions of the %d functions that were entered were executed. Not reached:\n",
		im.Name, total-missed, total, len(functions))
	never := 0
	for _, g := range gaps {
		if g.Never {
			never++
		}
	}
	for _, g := range gaps {
		if g.Never && never > mostNever {
			continue
		}
		if _, err := fmt.Fprintf(w, "  %v\n", g); err != nil {
			return err
		}
	}
	if never > mostNever {
		_, err = fmt.Fprintf(w, "  and %d functions that were never entered\n", never)
	}
	return err
}

// mostNever is how many functions that were never entered are listed by name. A kernel has more.
const mostNever = 200

// Gaps lists the stretches that were not executed, by address; a function that was never entered is a single one.
func Gaps(im *image.Image, c *cover.Coverage) ([]Gap, error) {
	entered := map[uint64]cover.Function{}
	for _, f := range c.Functions() {
		entered[f.Symbol.Addr] = f
	}
	var gaps []Gap
	for s := range im.Symbols.All() {
		f, ok := entered[s.Addr]
		switch {
		case s.Kind != image.Func:
		case ok && f.Symbol.Name == s.Name:
			gaps = append(gaps, stretches(s.Name, f.Missed)...)
		case !ok && s.Size >= 4:
			gaps = append(gaps, Gap{Symbol: s.Name, To: s.Size - 4, Never: true})
		}
	}
	return gaps, explain(gaps)
}

// stretches joins neighbouring offsets.
func stretches(symbol string, offsets []uint64) []Gap {
	var gaps []Gap
	for _, off := range offsets {
		if n := len(gaps); n > 0 && gaps[n-1].To+4 == off {
			gaps[n-1].To = off
			continue
		}
		gaps = append(gaps, Gap{Symbol: symbol, From: off, To: off})
	}
	return gaps
}

// explain fills in the reasons from unreached.txt, whose lines are a list of places and a reason.
func explain(gaps []Gap) error {
	for line := range strings.Lines(unreached) {
		places, reason, ok := strings.Cut(strings.TrimSpace(line), " ")
		if !ok || strings.HasPrefix(places, "#") {
			continue
		}
		for text := range strings.SplitSeq(places, ",") {
			p, err := verdict.ParsePlace(text)
			if err != nil {
				return fmt.Errorf("unreached.txt: %w", err)
			}
			for i := range gaps {
				if g := &gaps[i]; p.Covers(g.Symbol, g.From) && p.Covers(g.Symbol, g.To) {
					g.Reason = strings.TrimSpace(reason)
				}
			}
		}
	}
	return nil
}
