// SPDX-License-Identifier: GPL-2.0-only

package walls

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"time"
)

// Names of the files in the folder that parent and child share.
const (
	configName  = "config"
	journalName = "journal"
	stdoutName  = "stdout"
	crashName   = "crash"
	partsName   = "parts"
)

// Limits are what a child may use up for one target. Zero means no limit.
type Limits struct {
	CPU    time.Duration // of all its threads
	Memory uint64        // bytes of address space, beyond what it has before the first one
}

// A Death is a target with which a child died.
type Death struct {
	Target string
	Reason string
}

func (d *Death) Error() string { return "engine died: " + d.Reason }

// config is what a child is told.
type config struct {
	Limits  Limits
	Resumed bool     // a child before this one has died
	First   []string // targets to be done first, one at a time
	Dead    []Death
	Color   bool // what the child prints is for a terminal that has colours
}

func (c *config) write(dir string) error {
	text, err := json.Marshal(c)
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(dir, configName), text, 0o600)
}

func readConfig(dir string) (c config, err error) {
	text, err := os.ReadFile(filepath.Join(dir, configName))
	if err != nil {
		return c, err
	}
	if err := json.Unmarshal(text, &c); err != nil {
		return c, fmt.Errorf("%s: %w", filepath.Join(dir, configName), err)
	}
	return c, nil
}
