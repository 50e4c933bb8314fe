// SPDX-License-Identifier: GPL-2.0-only

package compilers

import (
	"bytes"
	"context"
	"embed"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"

	"stacksweep/internal/kbuild"
)

//go:embed cases/*.c
var sources embed.FS

// flagsOfCases are what a kernel's C is compiled with as far as it decides about frames.
var flagsOfCases = []string{"-O2", "-fno-omit-frame-pointer", "-fno-optimize-sibling-calls",
	"-fasynchronous-unwind-tables", "-fno-pic", "-c"}

// protections are the options under which each case is compiled.
var protections = []string{"-fno-stack-protector", "-fstack-protector-strong"}

// Cases compiles our cases. A compiler that can't be had is kbuild's error.
func Cases(ctx context.Context, c kbuild.Compiler) ([]Result, error) {
	cc, err := c.Command(ctx)
	if err != nil {
		return nil, err
	}
	files, err := fs.Glob(sources, "cases/*.c")
	if err != nil {
		return nil, err
	}
	dir, err := os.MkdirTemp("", "stacksweep-cases")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	var results []Result
	for _, file := range files {
		text, err := sources.ReadFile(file)
		if err != nil {
			return nil, err
		}
		source := filepath.Join(dir, filepath.Base(file))
		if err := os.WriteFile(source, text, 0o644); err != nil {
			return nil, err
		}
		for _, p := range protections {
			results = append(results, again(filepath.Base(file), p, func(path string) error {
				args := append(append(append([]string{}, cc[1:]...), flagsOfCases...), p, "-o", path, source)
				if out, err := exec.CommandContext(ctx, cc[0], args...).CombinedOutput(); err != nil {
					line, _, _ := bytes.Cut(bytes.TrimSpace(out), []byte("\n"))
					return fmt.Errorf("%s: %w: %s", c.Name, err, line)
				}
				return nil
			}))
		}
	}
	return results, nil
}
