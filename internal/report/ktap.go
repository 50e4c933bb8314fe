// SPDX-License-Identifier: GPL-2.0-only

package report

import (
	"bufio"
	"fmt"
	"io"
	"strings"

	"stacksweep/sweep"
	"stacksweep/sweep/verdict"
)

// KTAP writes a report in the kernel's test format, version 1 (Documentation/dev-tools/ktap.rst): a test for every
// target, in it one for every mode and walker. A test fails if a verdict in it is not expected, or if its target can't
// be swept. One whose unsound verdicts are all known passes as XFAIL, with the reasons, as kselftest has it. The last
// test fails if an expectation is no longer met (XPASS). Of a sweep that was interrupted there are fewer tests than
// planned.
type KTAP struct {
	Flags flagsFunc // see Text

	w       *bufio.Writer
	targets int
	number  int // of the last test
	count   struct{ pass, fail, xfail, xpass, skip, error int }
}

// NewKTAP returns a report writer for a sweep of so many targets.
func NewKTAP(w io.Writer, targets int) *KTAP {
	k := &KTAP{w: bufio.NewWriter(w), targets: targets}
	fmt.Fprintf(k.w, "KTAP version 1\n1..%d\n", targets+1)
	return k
}

// SkipKTAP writes a report of a sweep that could not run.
func SkipKTAP(w io.Writer, why string) error {
	_, err := fmt.Fprintf(w, "KTAP version 1\n1..0 # SKIP %s\n", oneLine(why))
	return err
}

// Result implements [Writer].
func (k *KTAP) Result(r *sweep.RunResult) error {
	name := r.Scenario + ":" + r.Variant
	if r.Failed != "" {
		return k.missing(name, r.Failed)
	}
	tests := len(r.Summaries)
	taken := takenModes(r)
	if taken {
		tests++
	}
	fmt.Fprintf(k.w, "  KTAP version 1\n  # Subtest: %s\n  1..%d\n", name, tests)
	ok := true
	for i := range r.Summaries {
		ok = k.walker(i+1, &r.Summaries[i], r) && ok
	}
	if taken {
		for i := range r.Deviations {
			fmt.Fprintf(k.w, "  # %s\n", oneLine(tellDeviation(&r.Deviations[i], r)))
		}
		fine := len(r.Deviations) == 0
		k.result("  ", tests, fine, "exceptions that are taken change nothing", "")
		ok = ok && fine
	}
	k.number++
	directive := ""
	switch {
	case ok && r.Partial:
		directive = " # SKIP the sweep was interrupted, and has not seen all of it"
	case ok && r.Unfinished != "":
		directive = " # SKIP the recording breaks off: " + oneLine(r.Unfinished)
	}
	fmt.Fprintf(k.w, "%s %d %s%s\n", okOrNot(ok), k.number, name, directive)
	return k.w.Flush()
}

// Failed writes the test of a target that couldn't be swept.
func (k *KTAP) Failed(t verdict.Target, why error) error {
	return k.missing(t.String(), why.Error())
}

// missing writes the test of a target of which nothing is known.
func (k *KTAP) missing(name, why string) error {
	k.number++
	k.count.error++
	fmt.Fprintf(k.w, "# %s\nnot ok %d %s\n", oneLine(why), k.number, name)
	return k.w.Flush()
}

// takenModes reports whether exceptions were taken.
func takenModes(r *sweep.RunResult) bool {
	for _, s := range r.Summaries {
		if s.Deliver == verdict.Taken {
			return true
		}
	}
	return false
}

// walker writes the test of a walker in a mode, and reports whether it is ok.
func (k *KTAP) walker(number int, s *sweep.Summary, r *sweep.RunResult) bool {
	name := s.Mode.String() + " " + s.Walker
	if s.Points == 0 {
		k.count.skip++
		fmt.Fprintf(k.w, "  ok %d %s # SKIP the scenario has no such moment\n", number, name)
		return true
	}
	windows := worthTelling(r, func(w *sweep.Window) bool { return w.Key == s.Key })
	for i := range windows {
		fmt.Fprintf(k.w, "  # %s\n", oneLine(tell(&windows[i], r, k.Flags)))
	}
	o, reasons := outcomeOf(windows)
	directive := ""
	if o == knownFailure {
		directive = "XFAIL " + oneLine(strings.Join(reasons, " "))
	}
	k.result("  ", number, o != failed, name, directive)
	return o != failed
}

// result writes and counts the result of a test that has none below it.
func (k *KTAP) result(indent string, number int, ok bool, name, directive string) {
	switch {
	case !ok:
		k.count.fail++
	case directive != "":
		k.count.xfail++
		directive = " # " + directive
	default:
		k.count.pass++
	}
	fmt.Fprintf(k.w, "%s%s %d %s%s\n", indent, okOrNot(ok), number, name, directive)
}

func okOrNot(ok bool) string {
	if ok {
		return "ok"
	}
	return "not ok"
}

// Close implements [Writer].
func (k *KTAP) Close(stale []verdict.Expectation, cut *sweep.Interrupted) error {
	if cut != nil {
		fmt.Fprintf(k.w, "# PARTIAL the sweep was %v\n", cut)
	}
	for i := range stale {
		fmt.Fprintf(k.w, "# XPASS %s\n", oneLine(tellStale(&stale[i])))
	}
	k.count.xpass = len(stale)
	name := "every expectation is met"
	if cut != nil {
		// Not known; the test is missing, as are those of the targets that were not swept.
	} else if len(stale) == 0 {
		k.result("", k.targets+1, true, name, "")
	} else {
		fmt.Fprintf(k.w, "not ok %d %s\n", k.targets+1, name)
	}
	c := &k.count
	fmt.Fprintf(k.w, "# Totals: pass:%d fail:%d xfail:%d xpass:%d skip:%d error:%d\n", c.pass, c.fail, c.xfail, c.xpass,
		c.skip, c.error)
	return k.w.Flush()
}
