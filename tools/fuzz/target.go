// SPDX-License-Identifier: GPL-2.0-only

package main

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// A target is one fuzz function of one package.
type target struct{ name, pkg string }

// targets lists the fuzz functions of the module, in the order of its packages.
func targets(ctx context.Context) ([]target, error) {
	list := exec.CommandContext(ctx, "go", "test", "-list", "^Fuzz", "./...")
	list.Stderr = os.Stderr
	out, err := list.Output()
	if err != nil {
		return nil, fmt.Errorf("go test -list: %w", err)
	}
	return parseList(string(out)), nil
}

// parseList reads what go test -list prints: the names of a package, then a line "ok <tab> package <tab> time".
func parseList(out string) []target {
	var all []target
	var names []string
	for line := range strings.Lines(out) {
		fields := strings.Fields(line)
		switch {
		case len(fields) == 1 && strings.HasPrefix(fields[0], "Fuzz"):
			names = append(names, fields[0])
		case len(fields) > 1 && fields[0] == "ok":
			for _, name := range names {
				all = append(all, target{name, fields[1]})
			}
			names = nil
		}
	}
	return all
}

// An outcome is what became of one target.
type outcome struct {
	execs   int
	elapsed time.Duration
	output  []byte
	err     error
}

func (o *outcome) rate() float64 { return float64(o.execs) / max(o.elapsed.Seconds(), 1e-9) }

// fuzz runs the target. The budget is what go test takes for -fuzztime: a duration, or a count such as "1000x".
//
// Go's default of a minute for making an input smaller is more than most budgets: a target whose inputs keep
// being interesting would spend all of it there.
func (t target) fuzz(ctx context.Context, budget string) outcome {
	cmd := exec.CommandContext(ctx, "go", "test", "-run", "^$", "-fuzz", "^"+t.name+"$", "-fuzztime", budget,
		"-fuzzminimizetime", "10x", t.pkg)
	cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) }
	cmd.WaitDelay = 5 * time.Second
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	err := cmd.Run()
	if timeUp.Match(out.Bytes()) {
		err = nil
	}
	o := outcome{output: out.Bytes(), err: err}
	o.elapsed, o.execs = progress(out.Bytes())
	return o
}

// timeUp is what go test prints, now and then, when its time is over and nothing was found: up to Go 1.26 the end of
// the budget can pass for an error of the target (golang/go#75804). An input that fails, and one that hangs, is
// reported in other words, and the file that it was written to is named.
var timeUp = regexp.MustCompile(
	`(?m)^--- FAIL: Fuzz\w+ \([0-9.]+s\)\n    context deadline exceeded\nFAIL\n`,
)

// execsLine is how go test reports progress: "fuzz: elapsed: 3s, execs: 1234 (411/sec), new interesting: 5", or, while
// it executes the target on the inputs that earlier runs have left, "fuzz: elapsed: 3s, gathering baseline coverage:
// 120/289 completed".
var execsLine = regexp.MustCompile(
	`(?m)^fuzz: elapsed: ([^,]+), (?:execs|gathering baseline coverage): ([0-9]+)`,
)

// progress reads the last report of a run. A run that ends before the first report has none.
func progress(out []byte) (elapsed time.Duration, execs int) {
	for _, m := range execsLine.FindAllSubmatch(out, -1) {
		elapsed, _ = time.ParseDuration(string(m[1]))
		execs, _ = strconv.Atoi(string(m[2]))
	}
	return elapsed, execs
}
