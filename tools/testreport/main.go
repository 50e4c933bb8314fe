// SPDX-License-Identifier: GPL-2.0-only

// Testreport reads what 'go test -json' prints, prints what 'go test' would have, and then a table of the tests that
// were skipped and why. With REQUIRE=all in the environment a skipped test is a failure, unless its reason matches the
// regular expression in OPTIONAL.
package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"regexp"
	"slices"
	"strings"
	"text/tabwriter"
)

func main() {
	optional, err := regexp.Compile(os.Getenv("OPTIONAL"))
	if err != nil {
		fmt.Fprintln(os.Stderr, "testreport: OPTIONAL:", err)
		os.Exit(2)
	}
	if os.Getenv("OPTIONAL") == "" {
		optional = nil
	}
	r := newReport(os.Stdout)
	if err := r.read(os.Stdin); err != nil {
		fmt.Fprintln(os.Stderr, "testreport:", err)
		os.Exit(2)
	}
	if !r.finish(os.Getenv("REQUIRE") == "all", optional) {
		os.Exit(1)
	}
}

// An event is a line of 'go test -json' ('go doc test2json').
type event struct {
	Action, Package, ImportPath, Test, Output string
}

// A test is named within its package; the empty name is the package as a whole.
type test struct{ pkg, name string }

// report follows a run of tests.
type report struct {
	out     *bufio.Writer
	output  map[test][]string // of the tests that run, line by line
	skipped map[string][]test // by reason
	failed  bool
}

func newReport(out io.Writer) *report {
	return &report{out: bufio.NewWriter(out), output: map[test][]string{}, skipped: map[string][]test{}}
}

func (r *report) read(in io.Reader) error {
	scanner := bufio.NewScanner(in)
	scanner.Buffer(nil, 16<<20)
	for scanner.Scan() {
		var e event
		if json.Unmarshal(scanner.Bytes(), &e) != nil {
			fmt.Fprintln(r.out, scanner.Text()) // what go prints besides, such as a package that isn't there
			r.failed = true
			continue
		}
		r.event(e)
	}
	r.out.Flush()
	return scanner.Err()
}

func (r *report) event(e event) {
	t := test{e.Package, e.Test}
	switch e.Action {
	case "build-output":
		fmt.Fprint(r.out, e.Output)
	case "build-fail":
		r.failed = true
	case "output":
		if t.name == "" {
			r.packageLine(e.Output)
			return
		}
		r.output[t] = append(r.output[t], e.Output)
	case "pass":
		delete(r.output, t)
	case "skip":
		if t.name != "" {
			why := reason(r.output[t])
			r.skipped[why] = append(r.skipped[why], t)
		}
		delete(r.output, t)
	case "fail":
		r.failed = true
		for _, line := range r.output[t] {
			fmt.Fprint(r.out, line)
		}
		delete(r.output, t)
	}
}

// packageLine prints what 'go test' says of a package, but for the marks that say no more than that.
func (r *report) packageLine(text string) {
	switch strings.TrimSpace(text) {
	case "PASS", "FAIL":
		return
	}
	fmt.Fprint(r.out, text)
	r.out.Flush()
}

// place is where a test's message comes from, as the testing package prints it.
var place = regexp.MustCompile(`^\s+\S+\.go:\d+: `)

// reason is the last thing that a test said before it was skipped.
func reason(output []string) string {
	for _, line := range slices.Backward(output) {
		if at := place.FindString(line); at != "" {
			return strings.TrimSpace(line[len(at):])
		}
	}
	return "(no reason was given)"
}

// finish prints the table, and reports whether all is well.
func (r *report) finish(requireAll bool, optional *regexp.Regexp) bool {
	defer r.out.Flush()
	var reasons []string
	for why := range r.skipped {
		reasons = append(reasons, why)
	}
	slices.Sort(reasons)
	var missing []string
	if len(reasons) > 0 {
		fmt.Fprintln(r.out, "\nSkipped tests:")
		w := tabwriter.NewWriter(r.out, 0, 0, 2, ' ', 0)
		for _, why := range reasons {
			tests := r.skipped[why]
			fmt.Fprintf(w, "  %d\t%s\t%s\n", len(tests), why, where(tests))
			if requireAll && (optional == nil || !optional.MatchString(why)) {
				missing = append(missing, fmt.Sprintf("%s (%s)", why, where(tests)))
			}
		}
		w.Flush()
	}
	if len(missing) > 0 {
		fmt.Fprintln(r.out, "FAIL: REQUIRE=all wants tests to run that were skipped:")
		for _, why := range missing {
			fmt.Fprintln(r.out, "  "+why)
		}
	}
	return !r.failed && len(missing) == 0
}

// where names the packages of some tests, and the test if it is only one.
func where(tests []test) string {
	var packages []string
	for _, t := range tests {
		pkg := t.pkg
		if _, short, found := strings.Cut(pkg, "/"); found {
			pkg = short
		}
		packages = append(packages, pkg)
	}
	slices.Sort(packages)
	text := strings.Join(slices.Compact(packages), ", ")
	if len(tests) == 1 {
		text += " " + tests[0].name
	}
	return text
}
