// SPDX-License-Identifier: GPL-2.0-only

package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"
)

// sweeping sweeps the object by a walker of stacksweep's, in one goroutine. What it takes to begin is measured by a run
// that is as short as can be, and taken off.
func sweeping(walker string) func(context.Context, *bench, time.Duration) (int, time.Duration, error) {
	return func(ctx context.Context, b *bench, long time.Duration) (points int, took time.Duration, err error) {
		none, begin, err := b.quicker(ctx, walker, 0)
		if err != nil {
			return 0, 0, err
		}
		for n := 16; ; n *= 4 {
			points, took, err = b.quicker(ctx, walker, n)
			if err != nil || took-begin > long/4 {
				return points - none, took - begin, err
			}
		}
	}
}

// quicker sweeps twice, and returns the shorter time: something else may have run during the other.
func (b *bench) quicker(ctx context.Context, walker string, n int) (walks int, took time.Duration, err error) {
	for i := range 2 {
		var again time.Duration
		if walks, again, err = b.sweep(ctx, walker, n); err != nil {
			return 0, 0, err
		}
		if i == 0 || again < took {
			took = again
		}
	}
	return walks, took, nil
}

// sweep sweeps work(n), and returns the number of walks and how long the program ran.
func (b *bench) sweep(ctx context.Context, walker string, n int) (walks int, took time.Duration, err error) {
	cmd := exec.CommandContext(
		ctx,
		b.stacksweep,
		"sweep",
		"-image",
		filepath.Join(b.dir, "peer.o"),
		"-call",
		fmt.Sprintf("work(%d)", n),
		"-mode",
		"irq",
		"-j",
		"1",
		"-format",
		"jsonl",
		"-walker",
		walker,
	)
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	began := time.Now()
	err = cmd.Run()
	took = time.Since(began)
	if cmd.ProcessState == nil || cmd.ProcessState.ExitCode() > 1 {
		return 0, took, fmt.Errorf("stacksweep: %w: %s", err, &errs)
	}
	for line := range strings.Lines(out.String()) {
		var end struct {
			Type  string
			Walks int
		}
		if json.Unmarshal([]byte(line), &end) == nil && end.Type == "end" {
			return end.Walks, took, nil
		}
	}
	fmt.Fprint(os.Stderr, &errs)
	return 0, took, fmt.Errorf("the report has no end")
}
