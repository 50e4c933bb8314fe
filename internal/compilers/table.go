// SPDX-License-Identifier: GPL-2.0-only

package compilers

import (
	"fmt"
	"io"
	"regexp"
	"slices"
	"strings"

	"stacksweep/image"
)

// A Column is what one compiler gave.
type Column struct {
	Name    string // "gcc-14"
	Why     string // why there is nothing, "" if there is
	Results []Result
}

// version matches the version in what a compiler says of itself.
var version = regexp.MustCompile(`(\d+\.\d+\.\d+)`)

// heading is the compiler with its version.
func (c *Column) heading() string {
	for _, r := range c.Results {
		if v := version.FindString(r.Compiler); v != "" {
			name, _, _ := strings.Cut(c.Name, "-")
			return name + " " + v
		}
	}
	return c.Name
}

// cell says how many instructions are described wrongly, and in how many functions.
func (c *Column) cell(file, options string) string {
	i := slices.IndexFunc(c.Results, func(r Result) bool { return r.File == file && r.Options == options })
	switch {
	case i < 0:
		return "not run"
	case c.Results[i].Err != "":
		return "failed"
	}
	r := &c.Results[i]
	if r.Instructions == 0 {
		return "nothing compared"
	}
	if n := len(r.Functions()); n > 0 {
		return fmt.Sprintf("**%d** in %s", r.Count(),
			strings.TrimSuffix(fmt.Sprintf("%d functions", n), map[bool]string{true: "s"}[n == 1]))
	}
	return "0"
}

// Markdown writes one table: a row per file and options, a column per compiler.
func Markdown(w io.Writer, columns []Column) error {
	type row struct{ file, options string }
	var rows []row
	head, rule := "| compiled | options |", "|---|---|"
	for _, c := range columns {
		for _, r := range c.Results {
			if k := (row{r.File, r.Options}); !slices.Contains(rows, k) {
				rows = append(rows, k)
			}
		}
		head += " " + c.heading() + " |"
		rule += "---|"
	}
	text := head + "\n" + rule + "\n"
	for _, k := range rows {
		text += fmt.Sprintf("| `%s` | %s |", k.file, orNone(k.options))
		for _, c := range columns {
			text += " " + c.cell(k.file, k.options) + " |"
		}
		text += "\n"
	}
	_, err := io.WriteString(w, text)
	return err
}

func orNone(options string) string {
	if options == "" {
		return "the kernel's own"
	}
	return "`" + options + "`"
}

// Details lists every wrong run of instructions, and what went wrong.
func Details(w io.Writer, columns []Column) error {
	for _, c := range columns {
		if c.Why != "" {
			if _, err := fmt.Fprintf(w, "%s: SKIP %s\n", c.Name, c.Why); err != nil {
				return err
			}
		}
		for _, r := range c.Results {
			if r.Err != "" {
				if _, err := fmt.Fprintf(w, "%s %s %s: %s\n", c.heading(), r.File, r.Options, r.Err); err != nil {
					return err
				}
			}
			for _, x := range r.Wrong {
				if _, err := fmt.Fprintf(w, "%s %s %s: %s: %s\n", c.heading(), r.File, r.Options,
					image.Places(x.Function, uint64(x.From), uint64(x.To-4)), x.Says); err != nil {
					return err
				}
			}
		}
	}
	return nil
}
