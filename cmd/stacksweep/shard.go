// SPDX-License-Identifier: GPL-2.0-only

package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/charmbracelet/x/term"

	"stacksweep/internal/shard"
	"stacksweep/internal/wholefile"
	"stacksweep/sweep"
	"stacksweep/sweep/verdict"
)

// runShard does a part of a sweep, of which no report can be made yet.
func (s *sweepCommand) runShard(ctx context.Context, c *cli, targets []verdict.Target, o *sweep.Options) error {
	file, err := s.runParts(ctx, c, targets, o)
	if err != nil {
		return err
	}
	fmt.Fprintf(c.stderr, "shard %s is complete; 'stacksweep merge FILE...' makes the report when all are\n", s.shard)
	return file.Close()
}

// runParts does what the file of parts doesn't have yet.
func (s *sweepCommand) runParts(ctx context.Context, c *cli, targets []verdict.Target,
	o *sweep.Options) (*shard.File, error) {
	var which shard.Shard
	if s.shard != "" {
		var err error
		if which, err = shard.Parse(s.shard); err != nil {
			return nil, usagef("", "-shard %v", err)
		}
	}
	build, err := buildID()
	if err != nil {
		return nil, err
	}
	header := shard.NewHeader("stacksweep "+version(), build, without(c.args, "shard", "resume", "j"), targets,
		o.Modes, which)
	if c.child != nil && s.resume == c.child.Parts() {
		header.Slices = 1
	}
	file, err := shard.Create(s.resume, header)
	switch {
	case errors.Is(err, shard.ErrOther):
		return nil, usagef("remove the file, or name another one", "-resume %v", err)
	case err != nil:
		return nil, usagef("", "-resume %v", err)
	}
	line := showParts(c.stderr)
	first, err := c.suspects(file, targets)
	if err == nil {
		err = shard.Run(ctx, file, targets, *o, first, c.watch(targets, line.show))
	}
	line.end()
	if err != nil {
		have, all := file.Count()
		switch {
		case errors.Is(err, context.Canceled) && c.child != nil && s.resume == c.child.Parts():
			return file, err // the file goes with the child: what is in it must be reported
		case errors.Is(err, context.Canceled):
			err = fmt.Errorf("interrupted when %d of %d parts were done; the same command goes on: %w", have, all, err)
		}
		return nil, errors.Join(s.image.explain(err), file.Close())
	}
	return file, nil
}

// A partsLine shows how many parts are done, in a line of a terminal that is written again and again.
type partsLine struct {
	w     io.Writer
	mutex sync.Mutex
	last  time.Time
}

func showParts(stderr io.Writer) *partsLine {
	if f, ok := stderr.(*os.File); ok && term.IsTerminal(f.Fd()) {
		return &partsLine{w: stderr, last: time.Now().Add(progressDelay - progressEvery)}
	}
	return &partsLine{w: io.Discard}
}

func (p *partsLine) show(have, all int) {
	p.mutex.Lock()
	defer p.mutex.Unlock()
	if time.Since(p.last) >= progressEvery {
		p.last = time.Now()
		fmt.Fprintf(p.w, "\r\x1b[K%d of %d parts; Ctrl-C stops, and the same command goes on", have, all)
	}
}

func (p *partsLine) end() { fmt.Fprint(p.w, "\r\x1b[K") }

// without leaves flags with a value out of a command line.
func without(args []string, flags ...string) (rest []string) {
	for i := 0; i < len(args); i++ {
		name, _, hasValue := strings.Cut(strings.TrimLeft(args[i], "-"), "=")
		if strings.HasPrefix(args[i], "-") && slices.Contains(flags, name) {
			if !hasValue {
				i++
			}
			continue
		}
		rest = append(rest, args[i])
	}
	return rest
}

// buildID tells builds of the program apart.
func buildID() (string, error) {
	path, err := os.Executable()
	if err != nil {
		return "", err
	}
	return wholefile.SHA256(path)
}

const mergeNote = `
The FILEs are what 'stacksweep sweep -shard i/n -resume FILE' has written, for every i from 1 to n, with the same
program and the same command line otherwise. The reports are those that the command line names with -format, unless
others are named here; they and the exit status are those of the sweep without -shard. Kernels and files that were
swept must be here, too.
`

type mergeCommand struct{ reports outputs }

func (m *mergeCommand) register(fs *flag.FlagSet) {
	fs.Var(&m.reports, "format",
		"`text`, jsonl, ktap, junit, html or github on stdout, or FORMAT=FILE; any number of times")
}

func (m *mergeCommand) run(ctx context.Context, c *cli, names []string) error {
	if len(names) == 0 {
		return usagef("for example: stacksweep merge part-*.sweep", "merge takes the files of all shards")
	}
	var files []*shard.File
	for _, name := range names {
		f, err := shard.Open(name)
		if err != nil {
			return usagef("'stacksweep sweep -shard i/n -resume FILE' writes one", "%v", err)
		}
		defer f.Close()
		files = append(files, f)
	}
	set, err := shard.NewSet(files)
	if err != nil {
		return usagef("", "%v", err)
	}
	build, err := buildID()
	if err != nil {
		return err
	}
	if h := set.Header(); h.Build != build {
		return usagef("merge with the program that made them",
			"the shards were written by another build: %s (%.12s), this is stacksweep %s (%.12s)", h.Program, h.Build,
			version(), build)
	}
	return m.merge(ctx, c, set)
}

// merge makes the reports, as the command line of the shards says.
func (m *mergeCommand) merge(ctx context.Context, c *cli, set *shard.Set) error {
	s := &sweepCommand{}
	c.args = set.Header().Args
	patterns, err := parseAgain(s, c.args[1:])
	if err != nil {
		return err
	}
	kept := s.reports
	if len(m.reports.list) > 0 {
		s.reports = m.reports
	}
	o, err := s.options(c)
	if err != nil {
		return err
	}
	for format, enough := range map[string][]string{"jsonl": {"jsonl"}, "html": {"html"}, "junit": {"junit", "jsonl"}} {
		if s.reports.has(format) && !slices.ContainsFunc(enough, kept.has) {
			return usagef("sweep with -format "+format, "the shards don't have what a report in the format %s needs",
				format)
		}
	}
	targets, err := s.targets(ctx, c, patterns)
	if err != nil {
		return err
	}
	if o.Expect, err = verdict.BuiltinExpectations(); err != nil {
		return err
	}
	s.prepare(&o)
	w, err := s.open(ctx, c, targets, &o)
	if err != nil {
		return err
	}
	return s.report(ctx, c, w, targets, &o, set.Report)
}

// parseAgain parses a command line that was good before.
func parseAgain(do command, args []string) (rest []string, err error) {
	fs := flagSet(do)
	for {
		if err := fs.Parse(args); err != nil {
			return nil, err
		}
		if fs.NArg() == 0 {
			return rest, nil
		}
		rest = append(rest, fs.Arg(0))
		args = fs.Args()[1:]
	}
}
