// SPDX-License-Identifier: GPL-2.0-only

package live

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"sync"
	"time"

	"stacksweep/emu/remote"
	"stacksweep/internal/boot"
	"stacksweep/internal/kernels"
	"stacksweep/scenarios"
	"stacksweep/scenarios/kernel"
)

// limit is how many steps a recording may have.
const limit = 400_000

// cpuCounts are the numbers of CPUs that are booted.
var cpuCounts = []int{1, 2}

// A Bootable is a kernel whose scenarios boot it.
type Bootable struct {
	*kernel.Kernel
	Image string // the file that is booted, a flat Image
	file  string // the one that it was read from

	// Context ends what is under way; nil: nothing does. Log is told what is being done; it may be nil.
	Context context.Context
	Log     io.Writer

	mu       sync.Mutex
	recorded map[string]*Record // by scenario:variant
}

// Open makes a kernel of the cache ready to be booted. temporary is a folder for an Image that has to be made of a
// vmlinux first.
func Open(k kernels.Entry, temporary string) (*Bootable, error) {
	loaded, err := kernel.Load(k.Series, k.Image)
	if err != nil {
		return nil, err
	}
	image, err := boot.Bootable(k.Image, temporary)
	if err != nil {
		return nil, err
	}
	return &Bootable{Kernel: loaded, Image: image, file: k.Image}, nil
}

// Scenarios lists what can be recorded of the kernel, live/SERIES/... . Each is booted and recorded when it is built,
// once.
func (k *Bootable) Scenarios() []*scenarios.Scenario {
	all := kinds(Pairs(k.Kernel.Image()))
	var list []*scenarios.Scenario
	for len(all) > 0 {
		name := all[0].name
		var variants []scenarios.Variant
		same := map[string]kind{}
		cpus := map[string]int{}
		for _, n := range cpuCounts {
			for _, x := range all {
				if x.name != name {
					continue
				}
				v := scenarios.Variant{Name: x.variant, Doc: x.doc}
				if n > 1 {
					v.Name += fmt.Sprintf("-%dcpus", n)
					v.Doc += fmt.Sprintf("; with %d CPUs", n)
				}
				variants = append(variants, v)
				same[v.Name], cpus[v.Name] = x, n
			}
		}
		doc := all[0].doc
		all = slices.DeleteFunc(all, func(x kind) bool { return x.name == name })
		full := "live/" + k.Name + "/" + name
		list = append(list,
			scenarios.New(full, doc, variants, func(variant string, o scenarios.Options) (*scenarios.Run, error) {
				if o.Shift != 0 {
					return nil, errors.New("the stacks of a booted kernel can't be moved")
				}
				r, err := k.Record(full+":"+variant, same[variant], cpus[variant])
				if err != nil {
					return nil, err
				}
				run, err := k.Live(r.Task, r.Recording, r.Code.Word)
				if err == nil {
					if r.Partial != nil {
						run.Unfinished = r.Partial.Error()
					}
					booted.Store(run.Recorded, &Booted{Record: r, Kernel: k.Name, Image: k.file})
				}
				return run, err
			}))
	}
	return list
}

// Booted is what is known of a run of a booted kernel.
type Booted struct {
	*Record
	Kernel string // its name
	Image  string // the file that it was read from
}

// booted has the *Booted of recordings.
var booted sync.Map

// Recorded returns what is known of a run, nil if it isn't one of a booted kernel.
func Recorded(run *scenarios.Run) *Booted {
	if b, ok := booted.Load(run.Recorded); ok && run.Recorded != nil {
		return b.(*Booted)
	}
	return nil
}

// Record boots the kernel and records, unless that was done before.
func (k *Bootable) Record(name string, x kind, cpus int) (*Record, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if r := k.recorded[name]; r != nil {
		return r, nil
	}
	r, err := k.record(name, x, cpus)
	if err != nil {
		return nil, err
	}
	if k.recorded == nil {
		k.recorded = map[string]*Record{}
	}
	k.recorded[name] = r
	return r, nil
}

func (k *Bootable) record(name string, x kind, cpus int) (*Record, error) {
	ctx := k.Context
	if ctx == nil {
		ctx = context.Background()
	}
	started := time.Now()
	p := Plan{SystemCall: x.call, Limit: limit}
	for symbol, to := range map[string]*uint64{x.due: &p.Due, x.interrupt: &p.Interrupt} {
		if symbol == "" {
			continue
		}
		s, ok := k.Kernel.Image().Symbols.Lookup(symbol)
		if !ok {
			return nil, fmt.Errorf("the kernel has no %s", symbol)
		}
		*to = s.Addr
	}
	k.say("%s: booting", name)
	s, err := Boot(ctx, k.Kernel, k.Image, cpus, x.body(cpus))
	if err != nil {
		return nil, err
	}
	defer s.Close()
	k.say("%s: booted within %.1f s", name, time.Since(started).Seconds())
	var last time.Time // the first is told at once
	p.Progress = func(p remote.Progress) {
		if time.Since(last) > 2*time.Second {
			last = time.Now()
			k.say("%s: %d steps, %.0f a second; at most %.0f s more", name, p.Steps,
				float64(p.Steps)/p.Elapsed.Seconds(), p.Most.Seconds())
		}
	}
	r, err := s.Run(ctx, p)
	if r == nil {
		return nil, err
	}
	if err != nil { // what there is is kept
		k.say("%s: broken off: %v", name, r.Partial)
	}
	k.say("%s: %d steps in %.1f s, %.0f a second", name, r.Len(), r.Elapsed.Seconds(),
		float64(r.Len())/r.Elapsed.Seconds())
	for i := range r.Walks {
		k.sayWalk(name, &r.Walks[i])
	}
	return r, nil
}

// say tells what is being done.
func (k *Bootable) say(format string, args ...any) {
	if k.Log != nil {
		fmt.Fprintf(k.Log, format+"\n", args...)
	}
}

// sayWalk tells what the kernel's own walk has found.
func (k *Bootable) sayWalk(name string, w *Walk) {
	if w.Error != 0 {
		k.say("%s@%d: the kernel's own reliable walk of the task, switched out: error %d", name, w.Step, w.Error)
		return
	}
	k.say("%s@%d: the kernel's own reliable walk of the task, switched out: success, %d frames", name, w.Step,
		len(w.Frames))
	for _, f := range w.Frames {
		k.say("    %s", k.Kernel.Image().Symbols.Name(f))
	}
}
