// SPDX-License-Identifier: GPL-2.0-only

package report

import (
	"encoding/xml"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"

	"stacksweep/internal/cover"
	"stacksweep/sweep"
	"stacksweep/sweep/verdict"
)

// JUnit writes a report as JUnit XML, which CI systems show: a test suite for every target, in it a test case for
// every function that was executed. A case fails if a verdict in the function is not expected. One whose unsound
// verdicts are all known passes, with the reasons in its output: the format has no expected failures, and thousands of
// skipped tests would hide the one that fails. The sweep must have been asked for its coverage.
//
// A suite took as long as its result came after the one before, so that the times add up to that of the sweep; its
// cases share the time. When the sweep began is a property, "timestamp", since Maven's schema has no place for it
// elsewhere.
//
// The report is valid against the schemas of Jenkins (junit-10.xsd), and its suites against that of Maven Surefire.
type JUnit struct {
	Flags      flagsFunc // see Text
	Properties [][2]string
	// Clock is the time. Without one all times are 0, and the same sweep gives the same bytes.
	Clock func() time.Time

	w            io.Writer
	suites       junitSuites
	begun, since time.Time // of the sweep, and of the result that came last
}

// NewJUnit returns a report writer. It writes when it is closed.
func NewJUnit(w io.Writer) *JUnit {
	return &JUnit{w: w, suites: junitSuites{Name: "stacksweep", Time: seconds(0)}}
}

// Begin says that the sweep begins now.
func (j *JUnit) Begin() {
	if j.Clock == nil {
		return
	}
	j.begun = j.Clock()
	j.since = j.begun
	j.Properties = append(j.Properties[:len(j.Properties):len(j.Properties)],
		[2]string{"timestamp", j.begun.UTC().Format(time.RFC3339)})
}

// lap returns how long the result has taken that is there now.
func (j *JUnit) lap() time.Duration {
	if j.Clock == nil {
		return 0
	}
	now := j.Clock()
	took := now.Sub(j.since)
	j.since = now
	return took
}

// Result implements [Writer].
func (j *JUnit) Result(r *sweep.RunResult) error {
	s := junitSuite{Name: r.Scenario + ":" + r.Variant}
	if r.Failed != "" {
		return j.missing(s.Name, r.Failed)
	}
	for _, f := range cover.Of(r.Image, r.Visited).Functions() {
		name := f.Symbol.Name
		s.add(j.function(name, worthTelling(r, func(w *sweep.Window) bool { return w.Symbol == name }), r))
	}
	// What lies in no function.
	if windows := worthTelling(r, func(w *sweep.Window) bool { return w.Symbol == "" }); len(windows) > 0 {
		s.add(j.function("(no function)", windows, r))
	}
	if takenModes(r) {
		c := junitCase{Name: "exceptions that are taken change nothing"}
		if n := len(r.Deviations); n > 0 {
			var lines []string
			for i := range r.Deviations {
				lines = append(lines, tellDeviation(&r.Deviations[i], r))
			}
			c.Failure = &junitText{fmt.Sprintf("%d exceptions that were taken did not go as they must", n), "taken",
				strings.Join(lines, "\n")}
		}
		s.add(c)
	}
	j.add(s)
	return nil
}

// Failed adds a target that couldn't be swept.
func (j *JUnit) Failed(t verdict.Target, why error) error {
	return j.missing(t.String(), why.Error())
}

// missing adds a target of which nothing is known.
func (j *JUnit) missing(name, why string) error {
	s := junitSuite{Name: name}
	s.add(junitCase{Name: "the run comes back", Error: &junitText{Message: oneLine(why), Type: "run"}})
	j.add(s)
	return nil
}

// function makes the test case of a function of its windows.
func (j *JUnit) function(name string, windows []sweep.Window, r *sweep.RunResult) junitCase {
	c := junitCase{Name: name}
	o, reasons := outcomeOf(windows)
	var lines []string
	points, kind := 0, ""
	for i := range windows {
		w := &windows[i]
		if o == failed && !w.Regression {
			continue
		}
		lines = append(lines, fmt.Sprintf("%s %s: %s", w.Mode, w.Walker, tell(w, r, j.Flags)))
		points, kind = points+w.Points, w.Verdict.String()
	}
	text := strings.Join(lines, "\n")
	switch o {
	case failed:
		c.Failure = &junitText{fmt.Sprintf("%d walks are not as expected", points), kind, text}
	case knownFailure:
		c.Output = &junitChars{"known: " + strings.Join(reasons, " ") + "\n" + text}
	}
	return c
}

func (s *junitSuite) add(c junitCase) {
	c.Class = s.Name
	s.Tests++
	if c.Failure != nil {
		s.Failures++
	}
	if c.Error != nil {
		s.Errors++
	}
	s.Cases = append(s.Cases, c)
}

// seconds is a time as the schemas have it: up to three digits after the point.
func seconds(d time.Duration) string {
	return strings.TrimSuffix(strings.TrimRight(strconv.FormatFloat(d.Seconds(), 'f', 3, 64), "0"), ".")
}

// add completes a suite and adds it.
func (j *JUnit) add(suite junitSuite) {
	took := j.lap().Round(time.Millisecond)
	suite.Time = seconds(took)
	for i := range suite.Cases {
		suite.Cases[i].Time = seconds(took / time.Duration(len(suite.Cases)))
	}
	if len(j.Properties) > 0 {
		suite.Properties = &junitProperties{}
		for _, p := range j.Properties {
			suite.Properties.List = append(suite.Properties.List, junitProperty{p[0], p[1]})
		}
	}
	j.suites.add(suite)
}

func (s *junitSuites) add(suite junitSuite) {
	s.Tests += suite.Tests
	s.Failures += suite.Failures
	s.Errors += suite.Errors
	s.Suites = append(s.Suites, suite)
}

// Close implements [Writer].
func (j *JUnit) Close(stale []verdict.Expectation, cut *sweep.Interrupted) error {
	s := junitSuite{Name: "sweep"}
	c := junitCase{Name: "every expectation is met"}
	if len(stale) > 0 {
		var lines []string
		for i := range stale {
			lines = append(lines, tellStale(&stale[i]))
		}
		c.Failure = &junitText{fmt.Sprintf("%d expectations are no longer met", len(stale)), "xpass",
			strings.Join(lines, "\n")}
	}
	s.add(c)
	if cut != nil {
		s.add(junitCase{Name: "the sweep is complete",
			Failure: &junitText{Message: fmt.Sprintf("it was %v", cut), Type: "partial"}})
	}
	j.add(s)
	j.suites.Time = seconds(j.since.Sub(j.begun))
	text, err := xml.MarshalIndent(&j.suites, "", "  ")
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(j.w, "%s%s\n", xml.Header, text)
	return err
}
