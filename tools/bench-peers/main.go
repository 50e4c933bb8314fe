// SPDX-License-Identifier: GPL-2.0-only

// Bench-peers compares stacksweep with what one would take instead to see what an unwinder says at each instruction: a
// debugger that steps an emulator and asks for a backtrace after each step. It prints a table of points per second, a
// point being one instruction at which the whole stack was unwound, of the same object file on the same machine, in
// turns.
//
//	go run ./tools/bench-peers [-time 3s] [-turns 3] [-stacksweep bin/stacksweep]
//
// It needs aarch64-linux-gnu-gcc, gdb-multiarch, qemu-aarch64, qemu-system-aarch64 and Debian's libunwind for arm64; a
// peer that isn't there is left out, with a line that says so.
package main

import (
	"cmp"
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"slices"
	"text/tabwriter"
	"time"
)

// A peer is one way to unwind the stack at each instruction of work (source/peer.c). It measures for about so long, and
// returns how many points it was at, and how long that took, without what it takes to begin.
type peer struct {
	name  string
	needs []string // programs, of each of which the first name that is there is taken
	run   func(ctx context.Context, b *bench, long time.Duration) (points int, took time.Duration, err error)
}

var peers = []peer{
	{"stacksweep, walker sframe", nil, sweeping("sframe")},
	{"stacksweep, walker cfi", nil, sweeping("cfi")},
	{
		"stacksweep, gdb as its walker (exec:)",
		[]string{"gdb-multiarch"},
		sweeping("exec:gdb-multiarch -nx -q -batch -x examples/gdb/unwind.py"),
	},
	{"stacksweep, libunwind in QEMU as its walker (exec:)", nil, sweepingByLibunwind},
	{"qemu-aarch64 and gdb", []string{"qemu-aarch64", "qemu-aarch64-static", "gdb-multiarch"}, userMode},
	{"qemu-system-aarch64 and gdb", []string{"qemu-system-aarch64", "gdb-multiarch"}, systemMode},
}

// errMissing says that a peer isn't there, and wraps the reason.
var errMissing = errors.New("it can't be had here")

// A bench is what the peers have in common.
type bench struct {
	dir        string // with the files that build makes
	stacksweep string
}

func main() {
	long := flag.Duration("time", 3*time.Second, "how long a peer works in each turn, more or less")
	turns := flag.Int("turns", 3, "how many turns; the median counts")
	program := flag.String("stacksweep", "bin/stacksweep", "the program")
	flag.Parse()
	if flag.NArg() != 0 || *long < time.Second || *turns < 1 {
		fmt.Fprintln(
			os.Stderr,
			"usage: bench-peers [-time DURATION] [-turns N] [-stacksweep PROGRAM]; a DURATION is a second or more",
		)
		os.Exit(2)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := compare(ctx, *program, *long, *turns); err != nil {
		fmt.Fprintln(os.Stderr, "bench-peers:", err)
		os.Exit(1)
	}
}

// compare lets the peers take turns, and prints the table.
func compare(ctx context.Context, program string, long time.Duration, turns int) error {
	dir, err := os.MkdirTemp("", "bench-peers-*")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	b := &bench{dir: dir}
	if b.stacksweep, err = filepath.Abs(program); err != nil {
		return err
	}
	if err := b.build(ctx); err != nil {
		return err
	}
	rates := make([][]float64, len(peers))
	for range turns {
		for i, p := range peers {
			points, took, err := p.measure(ctx, b, long)
			if errors.Is(err, errMissing) {
				fmt.Fprintf(os.Stderr, "SKIP %s: %v\n", p.name, err)
				continue
			}
			if err != nil {
				return fmt.Errorf("%s: %w", p.name, err)
			}
			rates[i] = append(rates[i], float64(points)/took.Seconds())
		}
	}
	table := tabwriter.NewWriter(os.Stdout, 0, 0, 1, ' ', 0)
	fmt.Fprintln(table, "| unwound at each instruction by\t| points per second\t| times slower\t|")
	fmt.Fprintln(table, "|---\t|---:\t|---:\t|")
	for i, p := range peers {
		if len(rates[i]) > 0 {
			fmt.Fprintf(table, "| %s\t| %.0f\t| %.1f\t|\n", p.name, median(rates[i]), median(rates[0])/median(rates[i]))
		}
	}
	return table.Flush()
}

// measure lets a peer work, if it is there.
func (p *peer) measure(ctx context.Context, b *bench, long time.Duration) (points int, took time.Duration, err error) {
	if missing := lacks(p.needs); missing != "" {
		return 0, 0, fmt.Errorf("%w: %s is not installed ('make test-deps' installs it)", errMissing, missing)
	}
	points, took, err = p.run(ctx, b, long)
	if err == nil && (points == 0 || took <= 0) {
		err = errors.New("it was at no point")
	}
	return points, took, err
}

// lacks returns a program that is missing. Of names for one program, such as with and without -static, one is enough.
func lacks(programs []string) string {
	for i := 0; i < len(programs); i++ {
		_, err := exec.LookPath(programs[i])
		if i+1 < len(programs) && programs[i+1] == programs[i]+"-static" {
			if i++; err != nil {
				_, err = exec.LookPath(programs[i])
			}
		}
		if err != nil {
			return programs[i]
		}
	}
	return ""
}

func median(list []float64) float64 {
	slices.SortFunc(list, cmp.Compare)
	return list[len(list)/2]
}
