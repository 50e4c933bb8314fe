// SPDX-License-Identifier: GPL-2.0-only

package kernel

import (
	_ "embed"
	"fmt"
	"sync"

	"stacksweep/image"
	"stacksweep/scenarios"
	"stacksweep/scenarios/guest"
	"stacksweep/scenarios/kernel/boot"
	"stacksweep/scenarios/kernel/pick"
	"stacksweep/unwind"
)

//go:generate make -C src

// stubsFile is the code around the kernel's: src/stubs.S.
//
//go:embed stubs.o
var stubsFile []byte

// ErrUnsuitable says that an image is not a kernel that scenarios can be made of, or lacks what they need.
var ErrUnsuitable = guest.ErrUnsuitable

// A Kernel is a kernel's image with our stubs added. It is not changed once it is loaded.
type Kernel struct {
	Name string // as in the names of its scenarios: "6.18"

	image *image.Image // with the stubs
	stubs *image.Image
	types guest.Types

	regs     unwind.RegsLayout
	meta     bool // exception frames hold a metadata record, not an ordinary one
	reliable bool // there is an arch_stack_walk_reliable

	tables guest.Tables // nothing of them if they can't be found
	made   bool         // the SFrame table is made of .eh_frame: the kernel has none
	rows   unwind.Table // of the stubs

	modules      []*module // that are loaded along with it
	modulePicked []pick.Picked
	moduleShapes []scenarios.Variant

	typeHash func() uint64 // how far before a function the hash of its type lies; 0: none is checked

	writable  uint64 // where the kernel's writable memory begins
	memory    func() *guest.Shared
	stackSize uint64 // of a task's stack and of the one for interrupts, in bytes
	shadow    boot.Shadow

	pick      func() *pick.Code
	pickOnce  func() ([]pick.Picked, error)
	wrongOnce func() ([]pick.Picked, error)
}

// stubsGap is the distance of the stubs from the kernel's start: beyond its end, and within the reach of its branches.
const stubsGap = 112 << 20

// Is reports whether an image is a kernel: a flat Image, or a linked file with what only a kernel has.
func Is(im *image.Image) bool {
	if im.Kind == image.Kernel {
		return true
	}
	_, hasVectors := im.Symbols.Lookup("vectors")
	_, hasInit := im.Symbols.Lookup("_sinittext")
	return im.Kind != image.Relocatable && hasVectors && hasInit
}

// Load reads a kernel's Image, or a vmlinux with symbols and BTF. name is what its scenarios are called by.
func Load(name, path string) (*Kernel, error) {
	im, err := image.Load(path)
	if err != nil {
		return nil, err
	}
	return New(name, im)
}

// An Option adds something to a kernel before it is swept.
type Option func(*options)

type options struct{ initialisers, modules []string }

// Init names initialisers of the kernel to be run, as booting would.
func Init(functions ...string) Option {
	return func(o *options) { o.initialisers = append(o.initialisers, functions...) }
}

// Modules names files of modules to be loaded, in order: their functions are swept, too. What is wrong with one is an
// [ErrModule] or an [image.Error].
func Modules(paths ...string) Option {
	return func(o *options) { o.modules = append(o.modules, paths...) }
}

// New makes a kernel of an image. What its own unwinder needs and booting would set up is set up by running the
// kernel's own initialisers; where that fails the error is [boot.ErrInit].
func New(name string, im *image.Image, opts ...Option) (*Kernel, error) {
	k := &Kernel{Name: name}
	var o options
	for _, opt := range opts {
		opt(&o)
	}
	initialisers := append(boot.Needed(im), o.initialisers...)
	im, err := boot.Run(im, initialisers)
	if err != nil {
		return nil, err
	}
	if err := boot.Check(im, initialisers); err != nil {
		return nil, err
	}
	if k.types, err = im.Types(); err != nil {
		return nil, err
	}
	if k.stubs, err = image.Parse("stubs.o", stubsFile, image.At(im.Segments[0].Addr&^0xffff+stubsGap)); err != nil {
		return nil, err
	}
	if k.image, err = im.With(k.stubs); err != nil {
		return nil, err
	}
	for _, name := range []string{"return_to_handler", "__kretprobe_trampoline", "arch_stack_walk", "vectors",
		"el1h_64_irq", "cpu_switch_to", "_sinittext"} {
		if _, ok := im.Symbols.Lookup(name); !ok {
			return nil, fmt.Errorf("%s: %w: it has no %s", im.Name, ErrUnsuitable, name)
		}
	}
	_, k.reliable = k.lookup("arch_stack_walk_reliable")
	start, _ := k.lookup("_sinittext")
	k.writable = start &^ (guest.PageSize - 1)
	l := k.layout()
	k.meta = l.Has("pt_regs", "stackframe.type")
	k.regs = l.Regs()
	if l.Err() != nil {
		return nil, l.Err()
	}
	k.pick = sync.OnceValue(k.newPicker)
	k.pickOnce = sync.OnceValues(func() ([]pick.Picked, error) { return k.pick().Pick() })
	k.wrongOnce = sync.OnceValues(func() ([]pick.Picked, error) { return k.pick().PickWrong() })
	if k.stackSize = l.stackSize(); k.stackSize > maxStack {
		return nil, fmt.Errorf("%s: %w: its stacks are of %d KiB, and the largest that can be made are of %d KiB",
			im.Name, guest.ErrUnsuitable, k.stackSize>>10, maxStack>>10)
	}
	if k.shadow, err = boot.FindShadow(im); err != nil {
		return nil, err
	}
	k.typeHash = sync.OnceValue(k.findTypeHash)
	k.memory = sync.OnceValue(func() *guest.Shared { return guest.ShareImage(k.image, k.writable) })
	if k.tables, err = guest.OpenTables(k.image); err != nil {
		return nil, err
	}
	if k.made, err = k.tables.Convert(k.image); err != nil {
		return nil, err
	}
	modules, err := loadModules(im, o.modules)
	if err != nil {
		return nil, err
	}
	if err := k.addModules(modules); err != nil {
		return nil, err
	}
	stubs, err := guest.OpenTables(k.stubs)
	if err == nil {
		_, err = stubs.Convert(k.stubs)
	}
	k.rows = stubs.SFrame
	if err == nil && len(modules) > 0 {
		k.moduleShapes, k.modulePicked, err = k.pickOfModules()
	}
	return k, err
}

// lookup finds a symbol of the kernel.
func (k *Kernel) lookup(name string) (addr uint64, ok bool) {
	s, ok := k.image.Symbols.Lookup(name)
	return s.Addr, ok
}

// Image returns the kernel's image, including our stubs.
func (k *Kernel) Image() *image.Image { return k.image }

// Reliable reports whether the kernel has an unwinder that says whether a trace is reliable.
func (k *Kernel) Reliable() bool { return k.reliable }

// Scenarios lists what can be run of the kernel.
func (k *Kernel) Scenarios() []*scenarios.Scenario {
	all := []*scenarios.Scenario{k.fgraphCycle(), k.fgraphReturn(), k.kretprobe(), k.strings(), k.functions()}
	if k.meta { // the kernels before have another trampoline, or another record of its BRK
		all = append(all, k.kretprobeTraced())
	}
	if k.tables.SFrame != nil { // what annotations say is of interest only where there are any
		all = append(all, k.assembly())
		if k.reliable {
			all = append(all, k.selfWalk())
		}
	}
	all = append(all, k.masked())
	if k.switches() {
		all = append(all, k.tasks())
	}
	if k.savesReliably() || k.passesRegisters() {
		all = append(all, k.walks())
	}
	if k.layout().trapsOnReturn() {
		all = append(all, k.probeStep())
	}
	if _, one := k.lookup("ftrace_call"); !one { // else ftrace_caller calls through it, and finds no ops in front
		all = append(all, k.farModule())
	}
	if k.callsDirectly() {
		all = append(all, k.bpf())
	}
	if k.keepsData() {
		all = append(all, k.graphData())
	}
	if k.hasFixups() {
		all = append(all, k.uaccess())
	}
	if len(k.modules) > 0 {
		all = append(all, k.module())
	}
	return all
}

// scenario makes a scenario of this kernel.
func (k *Kernel) scenario(name, doc string, variants []scenarios.Variant,
	set func(b *builder, variant string)) *scenarios.Scenario {
	return scenarios.New("kernel/"+k.Name+"/"+name, doc, variants,
		func(variant string, o scenarios.Options) (*scenarios.Run, error) {
			return k.build(variant, o, set)
		})
}
