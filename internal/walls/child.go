// SPDX-License-Identifier: GPL-2.0-only

package walls

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"

	"stacksweep/scenarios"
	"stacksweep/sweep/verdict"
)

// A Child is the side of the child: what it is told, and what it tells.
type Child struct {
	// OnBegin, if not nil, is called when a target has begun.
	OnBegin func(target string)

	dir    string
	config config

	mutex   sync.Mutex
	journal *os.File
	limiter limiter
}

// Join makes this process the child that shares a folder with its parent.
func Join(dir string) (*Child, error) {
	c := &Child{dir: dir}
	var err error
	if c.config, err = readConfig(dir); err != nil {
		return nil, err
	}
	if c.journal, err = os.OpenFile(filepath.Join(dir, journalName), os.O_WRONLY|os.O_APPEND|os.O_CREATE,
		0o600); err != nil {
		return nil, err
	}
	return c, c.limiter.start(c.config.Limits, func(text string) { c.note(limitLine + text) })
}

// Stderr is the parent's. Descriptor 2 is for what is said by those who abort.
func (c *Child) Stderr() *os.File { return os.NewFile(stderrFile, "stderr") }

// Color reports whether stdout ends up on a terminal that shows colours.
func (c *Child) Color() bool { return c.config.Color }

// Resumed reports whether a child before this one has died, so that results must be kept in [Child.Parts].
func (c *Child) Resumed() bool { return c.config.Resumed }

// Parts is the name of the file for results.
func (c *Child) Parts() string { return filepath.Join(c.dir, partsName) }

// First reports whether a target must be done before the others, and alone.
func (c *Child) First(target string) bool { return slices.Contains(c.config.First, target) }

// Dead returns the error of a target with which children have died, nil of any other.
func (c *Child) Dead(target string) *Death {
	i := slices.IndexFunc(c.config.Dead, func(d Death) bool { return d.Target == target })
	if i < 0 {
		return nil
	}
	return &c.config.Dead[i]
}

// Begin notes that a target is under way, which has all of the limits for itself.
func (c *Child) Begin(target string) {
	c.note(beginLine + target)
	c.limiter.begin()
	if c.OnBegin != nil {
		c.OnBegin(target)
	}
}

// End notes that a target is done.
func (c *Child) End(target string) { c.note(endLine + target) }

// Temporary notes a file that must be gone if the child dies.
func (c *Child) Temporary(name string) { c.note(fileLine + name) }

// Exit notes that the child ends by its own will, with a status, and returns the status.
func (c *Child) Exit(status int) int {
	c.note(exitLine + fmt.Sprint(status))
	return status
}

// note writes a line, which must reach the file whatever happens to the process.
func (c *Child) note(line string) {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	if _, err := c.journal.WriteString(strings.ReplaceAll(line, "\n", " ") + "\n"); err != nil {
		fmt.Fprintln(os.Stderr, "fatal error:", err) // a child without an "exit" has died; this is why
	}
}

// Watched returns targets that begin when they are built.
func (c *Child) Watched(targets []verdict.Target) []verdict.Target {
	watched := slices.Clone(targets)
	for i, t := range targets {
		s := t.Scenario
		watched[i].Scenario = scenarios.New(s.Name, s.Doc, s.Variants,
			func(variant string, o scenarios.Options) (*scenarios.Run, error) {
				c.Begin(t.String())
				return s.Build(variant, o)
			})
	}
	return watched
}
