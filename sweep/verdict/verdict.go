// SPDX-License-Identifier: GPL-2.0-only

package verdict

import (
	"fmt"
)

// A Verdict is the judgement of one walk. Live patching acts on the claim that a trace is reliable, so the claim is
// judged and not only the list of frames.
type Verdict uint8

const (
	Exact   Verdict = iota // reliable, and equal to the truth
	Refused                // not called reliable: conforming, though over-cautious where the truth could be known
	Ghost                  // reliable, has all true frames in order, and more
	// reliable, and a true frame is missing: live patching would patch under a running function
	Omitted
	Wrong       // reliable, but frames are out of order or of no true caller
	Fault       // the walker panicked, did not end, or read what it must not
	NumVerdicts // how many there are
)

var verdictNames = [NumVerdicts]string{"exact", "refused", "ghost", "omitted", "wrong", "fault"}

func (v Verdict) String() string { return verdictNames[v] }

// Verdicts lists all verdicts.
func Verdicts() []Verdict { return []Verdict{Exact, Refused, Ghost, Omitted, Wrong, Fault} }

// ParseVerdict is the inverse of String.
func ParseVerdict(s string) (Verdict, error) {
	for i, n := range verdictNames {
		if n == s {
			return Verdict(i), nil
		}
	}
	return 0, fmt.Errorf("no verdict %q", s)
}

// Letter is the verdict's letter in a column of them; Legend says what the letters mean.
func (v Verdict) Letter() byte { return ".rgOWF"[v] }

// Legend explains the letters of verdicts.
const Legend = ". exact  r refused  g ghost  O omitted  W wrong  F fault"

// Conforming reports whether a kernel may act on the walk.
func (v Verdict) Conforming() bool { return v == Exact || v == Refused }
