// SPDX-License-Identifier: GPL-2.0-only

package main

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"time"

	"stacksweep/internal/blind"
)

// blind executes the target at least n times, divided among its seeds, by package blind.
func (t target) blind(ctx context.Context, n int) (o outcome) {
	dir, err := os.MkdirTemp("", "fuzz-*")
	if err != nil {
		return outcome{err: err}
	}
	defer os.RemoveAll(dir)
	program := filepath.Join(dir, "test")
	if out, err := exec.CommandContext(ctx, "go", "test", "-c", "-o", program, t.pkg).CombinedOutput(); err != nil {
		return outcome{output: out, err: err}
	}
	where, err := exec.CommandContext(ctx, "go", "list", "-f", "{{.Dir}}", t.pkg).Output()
	if err != nil {
		return outcome{err: err}
	}
	do := func(each int) ([]byte, error) {
		cmd := exec.CommandContext(ctx, program, "-test.run", "^"+t.name+"$", "-test.v", "-test.timeout", "0")
		cmd.Dir = strings.TrimSpace(string(where))
		if cmd.Env = os.Environ(); each > 0 {
			cmd.Env = append(cmd.Env, fmt.Sprintf("%s=%d", blind.Env, each))
		}
		return cmd.CombinedOutput()
	}
	out, err := do(0)
	seeds := bytes.Count(out, []byte("=== RUN   "+t.name+"/"))
	if err != nil || seeds == 0 {
		return outcome{output: out, err: fmt.Errorf("%d seeds: %w", seeds, err)}
	}
	began := time.Now()
	o.output, o.err = do((n + seeds - 1) / seeds)
	o.elapsed = time.Since(began)
	for _, m := range blindLine.FindAllSubmatch(o.output, -1) {
		execs, _ := strconv.Atoi(string(m[1]))
		o.execs += execs
	}
	return o
}

// blindLine is what package blind prints for each seed.
var blindLine = regexp.MustCompile(`(?m)^blind: execs: ([0-9]+)$`)
