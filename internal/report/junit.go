// SPDX-License-Identifier: GPL-2.0-only

package report

import (
	"encoding/xml"
	"fmt"
	"io"
	"strings"

	"stacksweep/internal/cover"
	"stacksweep/sweep"
	"stacksweep/sweep/verdict"
)

// JUnit writes a report as JUnit XML, which CI systems show: a test suite for every target, in it a test case for
// every function that was executed. A case fails if a verdict in the function is not expected. One whose unsound verdicts
// are all known passes, with the reasons in its output: the format has no expected failures, and thousands of skipped
// tests would hide the one that fails. Times are 0, and there is no timestamp, so that the same
// sweep gives the same bytes. The sweep must have been asked for its coverage.
//
// The report is valid against the schemas of Jenkins (junit-10.xsd) and of Maven Surefire.
type JUnit struct {
	Flags      flagsFunc // see Text
	Properties [][2]string

	w      io.Writer
	suites junitSuites
}

// NewJUnit returns a report writer. It writes when it is closed.
func NewJUnit(w io.Writer) *JUnit {
	return &JUnit{w: w, suites: junitSuites{Name: "stacksweep", Time: noTime}}
}

type junitSuites struct {
	XMLName  xml.Name     `xml:"testsuites"`
	Name     string       `xml:"name,attr"`
	Tests    int          `xml:"tests,attr"`
	Failures int          `xml:"failures,attr"`
	Errors   int          `xml:"errors,attr"`
	Time     string       `xml:"time,attr"`
	Suites   []junitSuite `xml:"testsuite"`
}

type junitSuite struct {
	Name       string           `xml:"name,attr"`
	Tests      int              `xml:"tests,attr"`
	Failures   int              `xml:"failures,attr"`
	Errors     int              `xml:"errors,attr"`
	Skipped    int              `xml:"skipped,attr"`
	Time       string           `xml:"time,attr"`
	Properties *junitProperties `xml:"properties"`
	Cases      []junitCase      `xml:"testcase"`
}

type junitProperties struct {
	List []junitProperty `xml:"property"`
}

type junitProperty struct {
	Name  string `xml:"name,attr"`
	Value string `xml:"value,attr"`
}

type junitCase struct {
	Class   string      `xml:"classname,attr"`
	Name    string      `xml:"name,attr"`
	Time    string      `xml:"time,attr"`
	Error   *junitText  `xml:"error"`
	Failure *junitText  `xml:"failure"`
	Output  *junitChars `xml:"system-out"`
}

type junitText struct {
	Message string `xml:"message,attr"`
	Type    string `xml:"type,attr"`
	Text    string `xml:",chardata"`
}

type junitChars struct {
	Text string `xml:",chardata"`
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
			c.Failure = &junitText{fmt.Sprintf("%d exceptions that were taken did not go as they must", n), "taken", strings.Join(lines, "\n")}
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
	c.Class, c.Time = s.Name, noTime
	s.Tests++
	if c.Failure != nil {
		s.Failures++
	}
	if c.Error != nil {
		s.Errors++
	}
	s.Cases = append(s.Cases, c)
}

// noTime is the time of a test of which none is known.
const noTime = "0"

// add completes a suite and adds it.
func (j *JUnit) add(suite junitSuite) {
	suite.Time = noTime
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
		c.Failure = &junitText{fmt.Sprintf("%d expectations are no longer met", len(stale)), "xpass", strings.Join(lines, "\n")}
	}
	s.add(c)
	if cut != nil {
		s.add(junitCase{Name: "the sweep is complete", Failure: &junitText{Message: fmt.Sprintf("it was %v", cut), Type: "partial"}})
	}
	j.add(s)
	text, err := xml.MarshalIndent(&j.suites, "", "  ")
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(j.w, "%s%s\n", xml.Header, text)
	return err
}
