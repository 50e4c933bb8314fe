// SPDX-License-Identifier: GPL-2.0-only

// Fuzz runs every fuzz target of the module in turn, each for the same time, and prints how often each was executed.
//
//	go run ./tools/fuzz -time 30s            every target
//	go run ./tools/fuzz -time 5s -run ELF    those whose name matches
//	go run ./tools/fuzz -execs 5000000       until each target has been executed that often
//	go run ./tools/fuzz -blind 5000000       the same, without looking at what is covered (package blind): much faster
//
// It fails if a target finds something, and if one is executed fewer times per second than -floor says: a target that
// stalls finds nothing and would otherwise pass.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"regexp"
	"text/tabwriter"
	"time"
)

func main() {
	seconds := flag.Duration("time", 10*time.Second, "how long each target is fuzzed")
	execs := flag.Int("execs", 0, "fuzz each target for so many executions instead")
	blindly := flag.Int(
		"blind",
		0,
		"execute each target so often on inputs near to its seeds instead, without looking at coverage",
	)
	floor := flag.Float64("floor", 100, "fail below so many executions per second")
	pattern := flag.String("run", "", "only targets whose name matches this regular expression")
	flag.Parse()
	match, err := regexp.Compile(*pattern)
	if err != nil || flag.NArg() != 0 || *seconds < time.Second {
		fmt.Fprintln(
			os.Stderr,
			"usage: fuzz [-time DURATION | -execs N | -blind N] [-floor N] [-run REGEXP]; "+
				"a DURATION is a second or more",
		)
		os.Exit(2)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()

	fuzz := func(t target) outcome { return t.fuzz(ctx, fmt.Sprint(*seconds)) }
	switch {
	case *execs > 0:
		fuzz = func(t target) outcome { return t.fuzz(ctx, fmt.Sprintf("%dx", *execs)) }
	case *blindly > 0:
		fuzz = func(t target) outcome { return t.blind(ctx, *blindly) }
	}
	os.Exit(run(ctx, match, fuzz, *floor))
}

// run fuzzes the targets that match and returns the exit status.
func run(ctx context.Context, match *regexp.Regexp, fuzz func(target) outcome, floor float64) int {
	all, err := targets(ctx)
	if err != nil {
		fmt.Fprintln(os.Stderr, "fuzz:", err)
		return 1
	}
	table := tabwriter.NewWriter(os.Stdout, 0, 0, 2, ' ', 0)
	defer table.Flush()
	fmt.Fprintln(table, "TARGET\tPACKAGE\tEXECUTIONS\tPER SECOND\t")
	status, ran := 0, 0
	for _, t := range all {
		if !match.MatchString(t.name) || ctx.Err() != nil {
			continue
		}
		ran++
		outcome := fuzz(t)
		verdict := ""
		switch {
		case outcome.err != nil:
			verdict, status = "FAILED", 1
			fmt.Fprintf(os.Stderr, "%s\n%s\n", outcome.output, outcome.err)
		case outcome.rate() < floor:
			verdict, status = fmt.Sprintf("below the floor of %.0f per second", floor), 1
		}
		fmt.Fprintf(table, "%s\t%s\t%d\t%.0f\t%s\n", t.name, t.pkg, outcome.execs, outcome.rate(), verdict)
		fmt.Fprintf(os.Stderr, "%-18s %d executions\n", t.name, outcome.execs)
	}
	if ran == 0 {
		fmt.Fprintln(os.Stderr, "fuzz: no target matches")
		return 2
	}
	return status
}
