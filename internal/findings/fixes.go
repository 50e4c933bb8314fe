// SPDX-License-Identifier: GPL-2.0-only

package findings

import (
	_ "embed"
	"fmt"
	"reflect"
	"slices"
	"strings"

	"stacksweep/sweep/verdict"
)

// A Fix is a variant of the trampoline or of the unwinder, compared with the plain kernel.
type Fix struct {
	Name                 string
	Image, Today, SFrame Tally
	Cost                 string
	Callbacks, Differing int
	Taken                takenData
}

// Fixes compares the plain kernel and the variants that change the way back of a traced function, or the unwinder.
func (c *compilerData) Fixes() (rows []Fix) {
	unedited := c.Unedited()
	for _, b := range c.builds {
		if strings.HasPrefix(b.Built.Variant, "annotate-") {
			continue
		}
		f := Fix{
			Name:  b.Built.Variant,
			Image: b.tally("fgraph-*", "image"), Today: b.tally("fgraph-*", "v6.17"),
			SFrame: b.tally("fgraph-*", "sframe"),
			Cost:   b.cost(unedited), Taken: b.taken,
		}
		if b == unedited {
			f.Name = "unmodified"
		}
		for target, want := range unedited.arrivals {
			got := b.arrivals[target]
			for i := range max(len(got), len(want)) {
				f.Callbacks++
				if i >= len(got) || i >= len(want) || !reflect.DeepEqual(got[i], want[i]) {
					f.Differing++
				}
			}
		}
		rows = append(rows, f)
	}
	return rows
}

// cost is how many instructions a traced return takes more than in another kernel.
func (b *builtData) cost(than *builtData) string {
	const variant = "nested"
	this, that := b.find("kernel/"+b.Series+"/fgraph-return", variant),
		than.find("kernel/"+than.Series+"/fgraph-return", variant)
	if len(this) != 1 || len(that) != 1 || than.returns == 0 {
		return "?"
	}
	return fmt.Sprintf("%+d", (this[0].Steps-that[0].Steps)/than.returns)
}

// An Annotated is a way to annotate assembly, and what came of it.
type Annotated struct {
	Name, Scenario  string
	SFrame, V6, CFI Tally
}

// Annotations compares the plain kernel and those whose assembly is annotated.
func (c *compilerData) Annotations() (rows []Annotated) {
	for _, b := range c.builds {
		name := b.Built.Variant
		if name == "" {
			name = "unmodified"
		} else if !strings.HasPrefix(name, "annotate-") {
			continue
		}
		for _, s := range []string{"strings", "assembly"} {
			rows = append(rows, Annotated{name, s, b.tally(s, "sframe"), b.tally(s, "sframe-v6"), b.tally(s, "cfi")})
		}
	}
	return rows
}

// WrongRows lists where the blanket annotation makes walks across an interrupt wrong.
func (c *compilerData) WrongRows() []Loss {
	b := c.find("annotate-all")
	if b == nil {
		return nil
	}
	return b.Losses("*", "sframe", "irq").Losses
}

// Refusal is a function in which walks across an interrupt are refused, at which of its instructions.
type Refusal struct {
	Place  string
	Points int
}

// Refused lists the instructions of the kernel's functions at which an SFrame walk across an interrupt is refused, but
// for functions without any table, in which all of them are.
func (b *builtData) Refused() (rows []Refusal) {
	for _, r := range b.find("kernel/"+b.Series+"/fgraph-*", "*") {
		for i := range r.Windows {
			w := &r.Windows[i]
			if w.Walker != "sframe" || w.Mode != verdict.IRQ || w.Verdict != verdict.Refused ||
				strings.HasPrefix(w.Symbol, "stub_") || w.Symbol == "" {
				continue
			}
			place := "`" + w.Place() + "`"
			at := slices.IndexFunc(rows, func(r Refusal) bool { return r.Place == place })
			if at < 0 {
				at = len(rows)
				rows = append(rows, Refusal{Place: place})
			}
			rows[at].Points += w.Points
		}
	}
	return rows
}
