package report

import (
	"fmt"
	"io"
	"strings"

	"stacksweep/emu/image"
	"stacksweep/sweep"
)

// Coverage writes which instructions of an image a sweep has executed: an instruction that no run reaches has not been
// swept. Functions that were never entered are listed by name.
func Coverage(w io.Writer, im *image.Image, c *sweep.Coverage) error {
	entered := map[uint64]bool{}
	total, missed, incomplete := 0, 0, 0
	var text strings.Builder
	for _, f := range c.Functions() {
		entered[f.Symbol.Addr] = true
		total += f.Instructions
		missed += len(f.Missed)
		if len(f.Missed) == 0 {
			continue
		}
		incomplete++
		fmt.Fprintf(&text, "  %-32s %3d of %3d instructions not reached: %s\n", f.Symbol.Name, len(f.Missed), f.Instructions, ranges(f.Missed))
	}
	var never []string
	for s := range im.Symbols.All() {
		if s.Kind == image.Func && !entered[s.Addr] {
			never = append(never, s.Name)
		}
	}
	fmt.Fprintf(w, "\n%s: %d of %d instructions of %d functions were executed.\n%s", im.Name, total-missed, total, len(entered), &text)
	if len(never) > 0 {
		fmt.Fprintf(w, "  never entered: %s\n", strings.Join(never, ", "))
	}
	return nil
}

// ranges writes offsets with neighbours joined: +0x4, +0x10..0x18.
func ranges(offsets []uint64) string {
	var parts []string
	for i := 0; i < len(offsets); {
		j := i
		for j+1 < len(offsets) && offsets[j+1] == offsets[j]+4 {
			j++
		}
		part := fmt.Sprintf("+%#x", offsets[i])
		if j > i {
			part += fmt.Sprintf("..%#x", offsets[j])
		}
		parts = append(parts, part)
		i = j + 1
	}
	return strings.Join(parts, ", ")
}
