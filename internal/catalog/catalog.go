// SPDX-License-Identifier: GPL-2.0-only

// Package catalog finds the scenario that a name means, the same one for every command: those of the corpus, generated
// ones, those of the kernels in the cache, and those of a file of the user's.
package catalog

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path"
	"slices"
	"strings"

	"stacksweep/image"
	"stacksweep/internal/boot"
	"stacksweep/internal/kernels"
	"stacksweep/internal/live"
	"stacksweep/internal/near"
	"stacksweep/internal/recordings"
	"stacksweep/internal/usage"
	"stacksweep/scenarios"
	"stacksweep/scenarios/corpus"
	"stacksweep/scenarios/generated"
	"stacksweep/scenarios/kernel"
	"stacksweep/sweep/verdict"
)

// ErrNoKernel says that no kernel that a name speaks of is in the cache.
var ErrNoKernel = errors.New("nothing could run")

// UserKernel stands in the names of scenarios for the series of a kernel that is a file of the user's.
const UserKernel = "own"

// A Catalog is the scenarios that can be named. It reads a kernel of the cache when a name first speaks of it, which
// takes a third of a second, and keeps it. It may be used by one goroutine at a time.
type Catalog struct {
	// User are the scenarios of a file of the user's.
	User []*scenarios.Scenario

	// Image is a file of the user's in which the code of a recording is looked for, and Context and Log are for kernels
	// that are booted: see [live.Kernel]. All of them may be missing.
	Image   string
	Context context.Context
	Log     io.Writer

	cached  []kernels.Entry
	kernels map[string][]*scenarios.Scenario // by series
	made    []*scenarios.Scenario            // generated programs, and what is in files of recordings
	live    map[string][]*scenarios.Scenario // of kernels that are booted, by series
}

// Listed returns the corpus, what names have spoken of until now, and the user's scenarios.
func (c *Catalog) Listed() []*scenarios.Scenario {
	all := slices.Concat(corpus.All(), c.made)
	for _, k := range c.cached {
		all = append(all, c.kernels[k.Series]...)
		all = append(all, c.live[k.Series]...)
	}
	return append(all, c.User...)
}

// Named makes the scenarios that names or patterns speak of known, and returns all that are.
func (c *Catalog) Named(names ...string) ([]*scenarios.Scenario, error) {
	for _, name := range names {
		if file, ok := recordings.Name(name); ok {
			if err := c.readRecording(file); err != nil {
				return nil, err
			}
			continue
		}
		s, ok, err := generated.Named(name)
		switch {
		case err != nil:
			return nil, usage.Errorf("", "%v", err)
		case ok && !slices.ContainsFunc(c.made, func(have *scenarios.Scenario) bool { return have.Name == s.Name }):
			c.made = append(c.made, s)
		case !ok:
			if err := c.readKernels(name); err != nil {
				return nil, err
			}
		}
	}
	return c.Listed(), nil
}

// readKernels reads the kernels that a name or pattern speaks of, if it is one of kernels.
func (c *Catalog) readKernels(name string) error {
	scenario, _, _ := strings.Cut(name, "@")
	parts := strings.SplitN(scenario, "/", 3)
	booted := parts[0] == "live"
	if parts[0] != "kernel" && !booted || len(parts) > 1 && parts[1] == UserKernel {
		return nil
	}
	series := "*"
	if len(parts) > 1 {
		series = parts[1]
	}
	if _, err := path.Match(series, ""); err != nil {
		return usage.Errorf("", "pattern %q: %v", name, err)
	}
	if c.kernels == nil {
		var err error
		if c.cached, err = kernels.List(); err != nil {
			return err
		}
		c.kernels, c.live = map[string][]*scenarios.Scenario{}, map[string][]*scenarios.Scenario{}
	}
	found := false
	for _, k := range c.cached {
		if ok, _ := path.Match(series, k.Series); !ok {
			continue
		}
		found = true
		if booted {
			if err := c.boot(k); err != nil {
				return err
			}
			continue
		}
		if c.kernels[k.Series] != nil {
			continue
		}
		loaded, err := LoadKernel(k)
		if err != nil {
			return err
		}
		c.kernels[k.Series] = loaded.Scenarios()
	}
	if !found {
		return fmt.Errorf("SKIP %s: no such kernel is in the cache (%s): %w", name, c.whatIsThere(series), ErrNoKernel)
	}
	return nil
}

// boot makes the scenarios known that boot a kernel.
func (c *Catalog) boot(k kernels.Entry) error {
	if c.live[k.Series] != nil {
		return nil
	}
	if err := boot.Available(); err != nil {
		return fmt.Errorf("SKIP live/%s: %w: %w", k.Series, err, ErrNoKernel)
	}
	booted, err := live.Open(k, os.TempDir())
	if err != nil {
		return err
	}
	booted.Context, booted.Log = c.Context, c.Log
	c.live[k.Series] = booted.Scenarios()
	return nil
}

// readRecording makes the scenario of a recording's file known.
func (c *Catalog) readRecording(file string) error {
	if slices.ContainsFunc(c.made, func(have *scenarios.Scenario) bool { return have.Name == file }) {
		return nil
	}
	s, err := recordings.Open(file,
		recordings.Source{Image: c.Image, Named: func(name string) ([]*scenarios.Scenario, error) {
			if _, another := recordings.Name(name); another {
				return nil, errors.New("a recording of a recording")
			}
			return c.Named(name)
		}})
	if err != nil {
		return usage.Errorf("", "%v", err)
	}
	c.made = append(c.made, s)
	return nil
}

// whatIsThere says which kernels are in the cache, those first that someone may have meant who named another one, and
// how to get others.
func (c *Catalog) whatIsThere(typed string) string {
	if len(c.cached) == 0 {
		return "'stacksweep kernel fetch' gets some"
	}
	var series []string
	for _, k := range c.cached {
		series = append(series, k.Series)
	}
	if found := near.Names(strings.TrimPrefix(typed, "v"), series); len(found) > 0 {
		return "did you mean " + near.Or(found) + "?"
	}
	return "there are " + strings.Join(series, ", ") + "; 'stacksweep kernel fetch' gets others"
}

// LoadKernel reads a kernel of the cache.
func LoadKernel(k kernels.Entry) (*kernel.Kernel, error) {
	if err := k.Verify(); err != nil {
		hint := "'stacksweep kernel fetch " + k.Series + "' gets it again"
		if k.Built != nil {
			hint = "'stacksweep kernel remove " + k.Series + "', and build it again"
		}
		return nil, usage.Errorf(hint, "%v", err)
	}
	loaded, err := kernel.Load(k.Series, k.Image)
	var bad *image.Error
	if errors.As(err, &bad) || errors.Is(err, kernel.ErrUnsuitable) {
		return nil, usage.Errorf("'stacksweep kernel fetch' gets it again if it is damaged", "kernel %s: %v",
			k.Series, err)
	}
	return loaded, err
}

// Point finds a point by its name.
func (c *Catalog) Point(name string) (verdict.PointName, error) {
	all, err := c.Named(name)
	if err != nil {
		return verdict.PointName{}, err
	}
	p, err := verdict.ParsePoint(all, name)
	if err != nil {
		return p, usage.Errorf(hintForPoint(name, all), "%v", err)
	}
	return p, nil
}

// Targets finds what patterns name: a scenario, a family ("fgraph"), a pattern ("fgraph/r*"), or a scenario with its
// variant ("fgraph/return:mainline"). Without patterns it is the user's scenarios or, without those, the corpus.
func (c *Catalog) Targets(patterns []string) ([]verdict.Target, error) {
	known, err := c.Named(patterns...)
	if err != nil {
		return nil, err
	}
	switch {
	case len(patterns) > 0:
	case c.User != nil:
		return verdict.Targets(c.User), nil
	default:
		return verdict.Targets(corpus.All()), nil
	}
	all := verdict.Targets(known)
	chosen := make([]bool, len(all))
	for _, p := range patterns {
		found := false
		for i, t := range all {
			ok, err := Match(p, t)
			if err != nil {
				return nil, usage.Errorf("", "pattern %q: %v", p, err)
			}
			chosen[i] = chosen[i] || ok
			found = found || ok
		}
		if !found {
			return nil, usage.Errorf(hintForPattern(p, known), "no scenario %q", p)
		}
	}
	var targets []verdict.Target
	for i, t := range all {
		if chosen[i] {
			targets = append(targets, t)
		}
	}
	return targets, nil
}

// Match reports whether a pattern names a target, its scenario, or a family that it is in.
func Match(pattern string, t verdict.Target) (bool, error) {
	names := []string{t.String()}
	for name := t.Scenario.Name; name != "." && name != "/"; name = path.Dir(name) {
		names = append(names, name)
	}
	for _, name := range names {
		if ok, err := path.Match(pattern, name); ok || err != nil {
			return ok, err
		}
	}
	return false, nil
}
