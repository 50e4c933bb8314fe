// SPDX-License-Identifier: GPL-2.0-only

package main

import (
	"cmp"
	"context"
	"flag"
	"fmt"
	"io"
	"net"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"stacksweep/internal/gdbstub"
	"stacksweep/internal/inspect"
	"stacksweep/internal/kernels"
	"stacksweep/internal/shell"
	"stacksweep/internal/symbolfile"
	"stacksweep/scenarios/corpus"
	"stacksweep/sweep/registry"
	"stacksweep/sweep/session"
	"stacksweep/sweep/verdict"

	"github.com/charmbracelet/x/term"
)

// gdbDefault is the point that gdb starts at when it is told none.
const gdbDefault = "fgraph/return@0"

type gdbCommand struct {
	runFlags
	listen, walker, mode string
	stdio                bool
}

func (g *gdbCommand) register(fs *flag.FlagSet) {
	fs.StringVar(&g.listen, "listen", "127.0.0.1:0", "loopback `address` to wait for gdb at; port 0 takes a free one")
	fs.BoolVar(&g.stdio, "stdio", false, "talk to gdb on stdin and stdout: target remote | stacksweep gdb -stdio POINT")
	fs.StringVar(&g.walker, "walker", "sframe", "`name` of the walker whose failures next-failure looks for")
	fs.StringVar(&g.mode, "mode", "irq", "`mode` in which it does: sync, blocked, irq, nmi or pairs")
	g.runFlags.register(fs)
}

func (g *gdbCommand) run(ctx context.Context, c *cli, args []string) error {
	if done, err := g.attached(ctx, c, args); done {
		return err
	}
	all, err := g.catalog(ctx, c)
	if err != nil {
		return err
	}
	if f, ok := c.stdin.(*os.File); g.stdio && ok && term.IsTerminal(f.Fd()) {
		return usagef("in gdb: target remote | stacksweep gdb -stdio "+strings.Join(append(args, samplePoint)[:1], ""),
			"-stdio is for gdb to start, not for a terminal")
	}
	point := gdbDefault
	switch {
	case len(args) == 1:
		point = args[0]
	case len(args) > 1:
		return usagef("for example: stacksweep gdb "+samplePoint, "gdb takes one point")
	case len(all.User) > 0:
		point = all.User[0].Name
	}
	modes, err := parseModes(g.mode)
	if err != nil {
		return err
	}
	if len(modes) != 1 {
		return usagef("'monitor walk NAME MODE' asks in others", "-mode %s is not one mode", g.mode)
	}
	walkers, chosen, err := c.gdbWalkers(g.walker)
	if err != nil {
		return err
	}
	run, name, err := g.open(all, point, walkers)
	if err != nil {
		return err
	}
	files, program, err := gdbFiles(run)
	if err != nil {
		return err
	}
	stub, err := gdbstub.New(gdbstub.Config{
		Run: run, Point: name, Walker: chosen, Mode: modes[0],
		Program: program, ProgramPath: files.Symbols,
		Find: all.Point,
		Open: func(t verdict.Target) (*inspect.Inspector, error) {
			run, err := session.Open(t, walkers, g.build)
			if err != nil {
				return nil, err
			}
			return inspect.New(run), nil
		},
		Symbols: func(run *inspect.Inspector) ([]byte, string, error) {
			files, program, err := gdbFiles(run)
			return program, files.Symbols, err
		},
	})
	if err != nil {
		return err
	}
	if commands := sourceCommands(run); commands != "" {
		fmt.Fprintln(c.stderr, "stacksweep: for C source, in gdb:", commands)
	}
	if g.stdio {
		fmt.Fprintf(c.stderr, "stacksweep: %s of %d steps; symbols: file %s; commands: source %s\n", name, run.Len(),
			files.Symbols, files.Script)
		if g.image.file != nil {
			fmt.Fprintln(c.stderr, g.image.addSymbols())
		}
		return cmp.Or(stub.Serve(ctx, stdioStream{c.stdin, c.stdout}), ctx.Err())
	}
	return cmp.Or(c.listenForGDB(ctx, stub, g.listen, files, &g.image), ctx.Err())
}

// listenForGDB waits for gdb at a loopback address.
func (c *cli) listenForGDB(ctx context.Context, stub *gdbstub.Stub, address string, files gdbstub.Files,
	image *imageFlags) error {
	l, err := net.Listen("tcp", address)
	if err != nil {
		return usagef("", "-listen %s: %v", address, err)
	}
	if a, ok := l.Addr().(*net.TCPAddr); !ok || !a.IP.IsLoopback() {
		l.Close()
		return usagef("from another machine, use ssh -L", "-listen %s is not a loopback address", address)
	}
	fmt.Fprintf(c.stderr, "stacksweep: %s waits for gdb at %v, Ctrl-C ends it; in another terminal:\n",
		stub.Point, l.Addr())
	add := ""
	if image.file != nil {
		add = " -ex " + shell.Quote(image.addSymbols())
	}
	fmt.Fprintf(c.stderr, "gdb-multiarch -q -x %s%s -ex 'target remote %v' %s\n", files.Script, add, l.Addr(),
		files.Symbols)
	return stub.Listen(ctx, l, func(format string, args ...any) {
		fmt.Fprintf(c.stderr, "stacksweep: "+format+"\n", args...)
	})
}

// gdbWalkers returns the walkers that gdb can ask, and which of them is the one by a name.
func (c *cli) gdbWalkers(name string) (walkers []registry.Spec, chosen int, err error) {
	walkers = registry.All()
	found, err := c.findWalkers(name)
	if err != nil {
		return nil, 0, err
	}
	if len(found) != 1 {
		return nil, 0, usagef("'monitor walk NAME' asks others", "gdb looks for the failures of one walker")
	}
	chosen = slices.IndexFunc(walkers, func(w registry.Spec) bool { return w.Name == found[0].Name })
	if chosen < 0 {
		chosen = len(walkers)
		walkers = append(walkers, found[0])
	}
	return walkers, chosen, nil
}

// gdbFiles puts what gdb wants as files into the user's cache: the corpus with its sources, or the symbols of other
// code.
func gdbFiles(run *inspect.Inspector) (gdbstub.Files, []byte, error) {
	cache, err := os.UserCacheDir()
	if err != nil {
		return gdbstub.Files{}, nil, fmt.Errorf("no place for the symbol file: %w", err)
	}
	cache = filepath.Join(cache, "stacksweep")
	p := gdbstub.Program{Name: "corpus"}
	name := cmp.Or(run.Run.Origin, run.Target.Scenario.Name)
	if strings.HasPrefix(name, "kernel/") || strings.HasPrefix(name, "live/") {
		p = gdbstub.Program{Name: symbolName.ReplaceAllString(path.Dir(name), "-"),
			ELF: symbolfile.Make(run.Run.Image, run.Run.Hooks...)}
	} else { // files of the user's are loaded next to the corpus; gdb is told of their symbols by a command
		sources, err := gdbstub.WriteSources(cache, p.Name, corpus.Sources())
		if err != nil {
			return gdbstub.Files{}, nil, err
		}
		if p.ELF, err = symbolfile.Corpus(sources); err != nil {
			return gdbstub.Files{}, nil, err
		}
	}
	files, err := gdbstub.WriteFiles(cache, p)
	return files, p.ELF, err
}

// sourceCommands are what lets gdb show the C source of a kernel that was built here: its own debug information takes
// the place of the symbols that were made for gdb, and with them of what ends a backtrace in a trampoline. A vmlinux
// takes gdb seconds to read, so the script doesn't do it unasked.
func sourceCommands(run *inspect.Inspector) string {
	parts := strings.SplitN(cmp.Or(run.Run.Origin, run.Target.Scenario.Name), "/", 3)
	if len(parts) < 3 || parts[0] != "kernel" {
		return ""
	}
	folders := builtOf(parts[1])
	k, err := kernels.Info(parts[1])
	if len(folders) == 0 || err != nil || run.Run.Image.SourceLine(run.At().PC()) == "" &&
		(len(run.Run.Hooks) == 0 || run.Run.Image.SourceLine(run.Run.Hooks[0]) == "") {
		return ""
	}
	return fmt.Sprintf("symbol-file %s; directory %s; set backtrace limit 64", k.Image, strings.Join(folders, ":"))
}

// symbolName finds what can't be in the name of a file.
var symbolName = regexp.MustCompile(`[^A-Za-z0-9._]+`)

// stdioStream joins stdin and stdout. Closing it closes nothing: they belong to the process, which is about to end.
type stdioStream struct {
	io.Reader
	io.Writer
}

func (stdioStream) Close() error { return nil }
