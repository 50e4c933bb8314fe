// SPDX-License-Identifier: GPL-2.0-only

package sweep

import "stacksweep/sweep/verdict"

// Note enters the result in a ledger of expectations. It reports whether the result has a regression: a verdict that is
// not expected, or an exception that was taken for real and did not go as it must; or that there is nothing to judge
// by.
func (r *RunResult) Note(l *verdict.Ledger) (regression bool) {
	regression = len(r.Deviations) > 0 || r.Failed != ""
	for _, s := range r.Summaries {
		if !r.IsPartial() {
			l.Swept(s.Key)
		}
	}
	for i := range r.Windows {
		if w := &r.Windows[i]; w.Regression {
			regression = true
		} else if w.Excuse != nil {
			l.Met(w.Excuse)
		}
	}
	return regression
}
