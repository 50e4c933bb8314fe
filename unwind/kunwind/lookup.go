// SPDX-License-Identifier: GPL-2.0-only

package kunwind

import "stacksweep/unwind"

// lookup finds the row for an interrupted PC, which is exact: the instruction there has not been executed yet.
func (w *Walker) lookup(pc uint64) (unwind.Row, unwind.Failure) {
	table := w.kernel.SFrame
	if w.profile.AtException == CFI {
		table = w.kernel.CFI
	}
	if table == nil {
		return unwind.Row{}, unwind.Failure{Reason: unwind.NoTable, Addr: pc}
	}
	return table.Row(pc)
}
