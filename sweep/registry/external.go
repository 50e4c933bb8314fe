// SPDX-License-Identifier: GPL-2.0-only

package registry

import (
	"fmt"
	"strings"
	"sync"
	"time"

	"stacksweep/image"
	"stacksweep/scenarios"
	"stacksweep/unwind"
	"stacksweep/unwind/external"
)

// program is the walker that "exec:CMD" names: an unwinder in another program.
func program(name string) (Spec, error) {
	command, err := external.ParseCommand(strings.TrimPrefix(name, external.Prefix))
	if err != nil {
		return Spec{}, err
	}
	return Spec{
		command: &command,
		Name:    command.Name(), Doc: "another program, spoken to in JSON lines", Ref: "docs/external-walkers.md",
		NeedsRegisters: true,
		New: func(run *scenarios.Run) unwind.Walker {
			return external.New(command, About(run))
		},
	}, nil
}

// Announce makes the programs among some unwinders say, each once, that they are waited for: a debugger may take long
// to read a kernel, and one that never answers is given up after a minute only. Say gets a line, from any goroutine.
func Announce(specs []Spec, say func(line string)) {
	for i := range specs {
		command := specs[i].command
		if command == nil {
			continue
		}
		var once sync.Once
		waiting := func(waited, limit time.Duration) {
			once.Do(func() {
				say(fmt.Sprintf("%s has not answered for %v; it is given up after %v", command.Name(), waited, limit))
			})
		}
		specs[i].New = func(run *scenarios.Run) unwind.Walker {
			o := About(run)
			o.Waiting = waiting
			return external.New(*command, o)
		}
	}
}

// About is what a program outside may know of a run.
func About(run *scenarios.Run) external.Options {
	o := external.Options{ELF: run.ELF, Memory: run.Readable}
	for _, h := range run.Hooks {
		o.Image.Hooks = append(o.Image.Hooks, external.Hex(h))
	}
	for _, s := range run.Image.Segments {
		o.Image.Segments = append(o.Image.Segments,
			external.Segment{Name: s.Name, Addr: external.Hex(s.Addr), Size: s.Size})
		for _, r := range run.Config.Regions {
			if off := s.Addr - r.Base; s.Perm&image.Exec != 0 && off < uint64(len(r.Data)) {
				o.Image.Patches = append(o.Image.Patches, external.Diff(s.Addr, s.Data, r.Data[off:][:len(s.Data)])...)
			}
		}
	}
	return o
}
