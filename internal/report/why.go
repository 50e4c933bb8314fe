// SPDX-License-Identifier: GPL-2.0-only

package report

import (
	"fmt"

	"stacksweep/image"
	"stacksweep/sweep"
	"stacksweep/sweep/verdict"
	"stacksweep/unwind/dwarf"
	"stacksweep/unwind/flow"
	"stacksweep/unwind/tablecheck"
)

// lostAt says why a walk that follows frame records left a caller out, where the walk itself gives no reason: because
// the function that was called there has no record at that instruction. It is "" where that isn't it.
func lostAt(im *image.Image, w *sweep.Window) string {
	if !w.Regression || w.Verdict != verdict.Omitted || w.Inside == 0 || w.Walker == dwarf.Name {
		return ""
	}
	at := w.Inside
	s, ok := im.Symbols.At(at)
	interrupted := ok && s.Name == w.Symbol && at-s.Addr >= w.From && at-s.Addr <= w.To
	if !interrupted { // a return address: the call is before it
		at -= 4
		if s, ok = im.Symbols.At(at); !ok {
			return ""
		}
	}
	f := flow.Analyze(tablecheck.Code(im)(s.Addr, s.Addr+s.Size), s.Addr)
	if at-s.Addr >= uint64(f.Size) {
		return ""
	}
	switch row := f.Row(uint32(at - s.Addr)); {
	case row.How != flow.Reached && row.How != flow.Inferred, row.PointsAtRecord():
		return ""
	case f.Class.KeepsFrame:
		return fmt.Sprintf("%s has no frame record yet, or no longer, at +%#x: X29 is %v", s.Name, at-s.Addr, row.X29)
	case row.X29.Kind == flow.CallerFP:
		return fmt.Sprintf("%s keeps no frame record, so that X29 leads past its caller", s.Name)
	default:
		return fmt.Sprintf("%s keeps no frame record, and X29 is %v", s.Name, row.X29)
	}
}
