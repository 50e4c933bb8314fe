// SPDX-License-Identifier: GPL-2.0-only

package sweep

// A pace counts the steps that a judge has done, and tells it when to stop.
type pace struct {
	stopped  <-chan struct{} // closed when the rest shall not be judged
	progress *Progress       // may be nil
	judged   int             // steps
}

// stopEvery is how many steps are judged between two looks at whether to go on.
const stopEvery = 256

// goOn notes that steps were judged, and reports whether more shall be.
func (p *pace) goOn(steps int) bool {
	p.judged += steps
	p.progress.addJudged(steps)
	select {
	case <-p.stopped:
		return false
	default:
		return true
	}
}
