// SPDX-License-Identifier: GPL-2.0-only

package livepatch

import (
	"bufio"
	"fmt"
	"io"
)

// Print writes what was seen.
func (r *Report) Print(to io.Writer) error {
	w := bufio.NewWriter(to)
	for i, walk := range r.Walks {
		if walk.Error != 0 {
			fmt.Fprintf(w, "check %d of the task's stack: refused, error %d\n", i+1, walk.Error)
			continue
		}
		fmt.Fprintf(w, "check %d of the task's stack: reliable, %d frames\n", i+1, len(walk.Frames))
		for _, f := range walk.Frames {
			fmt.Fprintf(w, "    %s\n", f)
		}
	}
	for _, l := range r.Lines {
		fmt.Fprintln(w, l)
	}
	switch {
	case r.Mixed:
		fmt.Fprintln(w, "the transition has finished while the old lp_outer() was running, which has then called the "+
			"new lp_helper()")
	case r.Finished:
		fmt.Fprintln(w, "the transition has finished while the old lp_outer() was running")
	default:
		fmt.Fprintln(w, "the transition has not finished before the old lp_outer() had returned")
	}
	return w.Flush()
}
