// SPDX-License-Identifier: GPL-2.0-only

package findings

import (
	"stacksweep/sweep"
	"stacksweep/sweep/verdict"
)

// pairsOf is the scenario whose interrupts are interrupted: ordinary functions, nothing is traced.
const pairsOf = "chain/plain"

// An Arrival is a row of a table of exceptions that arrive where interrupts are masked: an unwinder across one of them.
type Arrival struct {
	Way, Walker string
	walks
}

// Arrivals compares ways in which the same code is interrupted, by what it masks.
func (d *data) Arrivals() []Arrival {
	var rows []Arrival
	for _, v := range []struct{ variant, way string }{{"irq", "FIQ"}, {"interrupts", "SError"}, {"all", "SDEI event"}} {
		for _, r := range d.find("exception/masked", v.variant) {
			for _, s := range r.Summaries {
				if s.Mode != verdict.NMI || s.Walker != "fp" && s.Walker != "v6.17" && s.Walker != "sframe" {
					continue
				}
				rows = append(rows, arrival(v.way, &s))
			}
		}
	}
	return rows
}

func arrival(way string, s *sweep.Summary) Arrival {
	return Arrival{Way: way, Walker: s.Walker, walks: walksIn(s)}
}

// Pairs compares walkers across an exception that arrives within another one.
func (d *data) Pairs() []Arrival {
	var rows []Arrival
	for i := range d.pairs.Summaries {
		rows = append(rows, arrival("", &d.pairs.Summaries[i]))
	}
	return rows
}

// PairsOf names the scenario of Pairs.
func (d *data) PairsOf() string { return pairsOf }
