// SPDX-License-Identifier: GPL-2.0-only

package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"runtime"
	"slices"
	"strings"

	"stacksweep/internal/catalog"
	"stacksweep/internal/inspect"
	"stacksweep/internal/near"
	"stacksweep/scenarios"
	"stacksweep/sweep/registry"
	"stacksweep/sweep/session"
	"stacksweep/sweep/verdict"
)

// walkersFlag registers -walker of verbs that take several.
func walkersFlag(fs *flag.FlagSet, names *string, value string) {
	fs.StringVar(names, "walker", value, "comma-separated `names` of walkers, or all")
}

// modesFlag registers -mode of verbs that take several; note says what else there is to know.
func modesFlag(fs *flag.FlagSet, modes *string, value, note string) {
	fs.StringVar(modes, "mode", value,
		"comma-separated `modes`: sync, blocked, irq, nmi; all, which is these four"+note)
}

// pairsNote is what modesFlag says of verbs that know the mode pairs.
const pairsNote = "; or pairs, a hundred times the work"

// jobsFlag registers -j.
func jobsFlag(fs *flag.FlagSet, jobs *int) {
	fs.IntVar(jobs, "j", runtime.GOMAXPROCS(0), "how many `goroutines` work; the output doesn't depend on it")
}

// checkJobs fails if -j is less than 1: no goroutine would do the work.
func checkJobs(jobs int) error {
	if jobs < 1 {
		return usagef("", "-j %d: at least one goroutine must work", jobs)
	}
	return nil
}

// goroutines is how many of the jobs of -j are of use: more than there are cores only get into each other's way, unless
// they wait for a program.
func goroutines(jobs int, walkers []registry.Spec) int {
	if slices.ContainsFunc(walkers, registry.Spec.IsProgram) {
		return jobs
	}
	return min(jobs, runtime.GOMAXPROCS(0))
}

// runFlags are the flags of the verbs that run scenarios: which file of the user's is among them, and how runs are
// built.
type runFlags struct {
	image  imageFlags
	build  scenarios.Options
	inside bool // this process executes code that isn't built in
}

func (f *runFlags) register(fs *flag.FlagSet) {
	fs.Uint64Var(&f.build.Shift, "shift", 0, "move the stacks down by so many `bytes`, a multiple of 16 below 4096")
	fs.BoolVar(
		&f.inside,
		"inside",
		false,
		"execute kernels, files and generated programs in this process, and not in a child that may die",
	)
	f.image.register(fs)
}

// catalog returns the scenarios that can be named, the user's file included.
func (f *runFlags) catalog(ctx context.Context, c *cli) (*catalog.Catalog, error) {
	if f.build.Check() != nil {
		return nil, usagef("", "-shift %d is not a multiple of 16 below 4096", f.build.Shift)
	}
	user, err := f.image.scenarios()
	return &catalog.Catalog{User: user, Image: f.image.path, Context: ctx, Log: c.stderr}, err
}

// open records the scenario of a named point and goes there.
func (f *runFlags) open(all *catalog.Catalog, point string,
	walkers []registry.Spec) (*inspect.Inspector, verdict.PointName, error) {
	name, err := all.Point(point)
	if err != nil {
		return nil, name, err
	}
	s, err := session.Open(name.Target, walkers, f.build)
	if errors.Is(err, session.ErrInterruption) {
		return nil, name, usagef("", "%v", err)
	}
	if err != nil {
		return nil, name, f.image.explain(err)
	}
	place := name.Place
	if name, err = s.Resolve(name); err != nil {
		return nil, name, usagef(hintForPlace(place, s), "%v", err)
	}
	in := inspect.New(s)
	if err := in.CheckInterruption(name); err != nil {
		return nil, name, err
	}
	return in, name, s.Seek(name.Step)
}

// hintForPlace says which functions of a run may have been meant by a place in it.
func hintForPlace(place string, s *session.Session) string {
	symbol, _, _ := strings.Cut(place, "#")
	symbol, _, _ = strings.Cut(symbol, "+")
	if _, known := s.Run.Image.Symbols.Lookup(symbol); known || symbol == "" {
		return ""
	}
	var names []string
	for sym := range s.Run.Image.Symbols.All() {
		names = append(names, sym.Name)
	}
	return near.Hint(symbol, names, "")
}

// findWalkers finds walkers by names separated by commas. That a program has to be waited for is told on stderr.
func (c *cli) findWalkers(list string) ([]registry.Spec, error) {
	walkers, err := registry.Find(list)
	if err != nil {
		return nil, usagef(walkerHint(list), "%v", err)
	}
	registry.Announce(walkers, func(line string) { fmt.Fprintln(c.stderr, "stacksweep:", line) })
	return walkers, nil
}

// walkerHint says which walkers may have been meant.
func walkerHint(list string) string {
	var names []string
	for _, w := range slices.Concat(registry.All(), registry.Tables(), registry.Native()) {
		names = append(names, w.Name)
	}
	return nearestOf(list, names, "'stacksweep list' lists the walkers")
}

// parseModes finds modes by names separated by commas.
func parseModes(list string) ([]verdict.Mode, error) {
	modes, err := verdict.ParseModes(list)
	if err != nil {
		var names []string
		for _, m := range verdict.AllModes() {
			names = append(names, m.String())
		}
		return nil, usagef(nearestOf(list, names, ""), "%v", err)
	}
	return modes, nil
}

// modeNames joins modes as the flags take them.
func modeNames(modes []verdict.Mode) string {
	var names []string
	for _, m := range modes {
		names = append(names, m.String())
	}
	return strings.Join(names, ",")
}

// nearestOf says which of the known names the first unknown one of a list is near to.
func nearestOf(list string, known []string, otherwise string) string {
	for name := range strings.SplitSeq(list, ",") {
		name = strings.TrimSpace(name)
		if name != "all" && !slices.Contains(known, name) {
			return near.Hint(name, known, otherwise)
		}
	}
	return otherwise
}
