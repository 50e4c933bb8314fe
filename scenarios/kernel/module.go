// SPDX-License-Identifier: GPL-2.0-only

package kernel

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"strings"

	"stacksweep/image"
	"stacksweep/scenarios"
	"stacksweep/scenarios/guest"
	"stacksweep/scenarios/kernel/boot"
	"stacksweep/scenarios/kernel/pick"
	"stacksweep/unwind"
)

// ErrModule says that a module can't be loaded into a kernel.
var ErrModule = errors.New("the module can't be loaded")

// Modules lie beyond the stubs, where the kernel and they reach each other by branches, as they do when the kernel has
// room for that: no PLT is needed, for ftrace_caller neither.
const (
	modulesGap  = 116 << 20 // from the kernel's start
	modulesSize = 8 << 20
)

// A module is loaded along with its kernel.
type module struct {
	image  *image.Image
	text   []unwind.Range // by address
	tables guest.Tables
}

// loadModules reads modules and resolves what they refer to by the kernel's symbols, then by those of the modules that
// come before. Like the kernel it wants them to be of the same release.
func loadModules(im *image.Image, paths []string) (all []*module, err error) {
	next := im.Segments[0].Addr&^0xffff + modulesGap
	end := next + modulesSize
	for _, path := range paths {
		m, err := loadModule(im, all, path, next)
		if err != nil {
			return nil, err
		}
		last := m.image.Segments[len(m.image.Segments)-1]
		if next = guest.PageUp(last.End()); next > end {
			return nil, fmt.Errorf(
				"%s: %w: there is no room for more than %d MiB of modules",
				path,
				ErrModule,
				modulesSize>>20,
			)
		}
		all = append(all, m)
	}
	return all, nil
}

func loadModule(im *image.Image, before []*module, path string, at uint64) (*module, error) {
	var missing []string
	resolve := func(name string) (uint64, bool) {
		for _, where := range append([]*image.Image{im}, images(before)...) {
			if s, ok := where.Symbols.Lookup(name); ok {
				return s.Addr, true
			}
		}
		if !slices.Contains(missing, name) {
			missing = append(missing, name)
		}
		return at, true
	}
	loaded, err := image.Load(path, image.At(at), image.Resolve(resolve))
	if err != nil {
		return nil, err
	}
	if loaded.Kind != image.Relocatable {
		return nil, fmt.Errorf("%s: %w: it is %v, and a module is a relocatable object", path, ErrModule, loaded.Kind)
	}
	if err := sameRelease(im, loaded); err != nil {
		return nil, fmt.Errorf("%s: %w: %w", path, ErrModule, err)
	}
	if len(missing) > 0 {
		return nil, fmt.Errorf("%s: %w: neither the kernel nor a module before it has %s", path,
			ErrModule, strings.Join(missing, ", "))
	}
	m := &module{image: loaded.Prefixed("module.", im)} // names are the kernel's
	for _, s := range loaded.Segments {
		if s.Perm&image.Exec != 0 && !strings.HasPrefix(s.Name, ".init") {
			m.text = append(m.text, unwind.Range{Start: s.Addr, End: s.End()})
		}
	}
	if m.tables, err = guest.OpenTables(loaded); err != nil {
		return nil, err
	}
	return m, nil
}

// addModules puts modules next to the kernel, whose tables are open. Where its table is made of .eh_frame, so are
// theirs.
func (k *Kernel) addModules(modules []*module) (err error) {
	k.modules = modules
	for _, m := range modules {
		if k.image, err = k.image.With(m.image); err != nil {
			return err
		}
		if k.made {
			if _, err := m.tables.Convert(m.image); err != nil {
				return err
			}
		}
	}
	return k.register()
}

// register makes modules known to a kernel that can be told of them.
func (k *Kernel) register() (err error) {
	l := &k.layout().Layout
	if !boot.Knows(l) || len(k.modules) == 0 {
		return nil
	}
	var all []boot.Module
	for _, m := range k.modules {
		if len(m.text) == 0 {
			continue
		}
		text := unwind.Range{Start: m.text[0].Start, End: m.text[len(m.text)-1].End}
		if described, ok := boot.ModuleOf(m.image, text); ok {
			all = append(all, described)
		}
	}
	k.image, err = boot.Register(k.image, l, all)
	return err
}

// readsModules reports whether the kernel's own reader of SFrame looks into the modules' tables.
func (k *Kernel) readsModules() bool {
	_, told := k.lookup("sframe_module_init")
	return told && boot.Knows(&k.layout().Layout)
}

func images(modules []*module) (all []*image.Image) {
	for _, m := range modules {
		all = append(all, m.image)
	}
	return all
}

// sameRelease compares the release that a module was built for (vermagic, of its .modinfo) with the one that the kernel
// calls itself.
func sameRelease(kernel, module *image.Image) error {
	_, info, ok := module.Section(".modinfo")
	if !ok {
		return errors.New("it has no section .modinfo")
	}
	release := releaseOf(kernel)
	if release == nil {
		return errors.New("the kernel doesn't say what release it is")
	}
	for _, line := range bytes.Split(info, []byte{0}) {
		if magic, ok := bytes.CutPrefix(line, []byte("vermagic=")); ok {
			if built, _, _ := bytes.Cut(magic, []byte(" ")); !bytes.Equal(built, release) {
				return fmt.Errorf("it is of %s, and the kernel is %s", built, release)
			}
			return nil
		}
	}
	return errors.New("its .modinfo has no vermagic")
}

// releaseOf finds what a kernel prints first when it boots: "Linux version 7.3.4 (who@where) ..." (linux_banner, for
// which kallsyms need not have a symbol).
func releaseOf(kernel *image.Image) []byte {
	for _, s := range kernel.Segments {
		for rest := s.Data; ; {
			_, after, found := bytes.Cut(rest, []byte("Linux version "))
			if !found {
				break
			}
			release, builder, _ := bytes.Cut(after[:min(len(after), 80)], []byte(" "))
			if len(release) > 0 && release[0] >= '0' && release[0] <= '9' && bytes.HasPrefix(builder, []byte("(")) {
				return release
			}
			rest = after
		}
	}
	return nil
}

// isModule reports whether an address is in the code of a module that stays once it is initialised.
func (k *Kernel) isModule(addr uint64) bool {
	return slices.ContainsFunc(k.modules, func(m *module) bool {
		return slices.ContainsFunc(m.text, func(r unwind.Range) bool { return r.Contains(addr) })
	})
}

// pickOfModules picks functions of the modules that can be called with made-up arguments.
func (k *Kernel) pickOfModules() (shapes []scenarios.Variant, picked []pick.Picked, err error) {
	picker := k.newPicker()
	picker.IsText, picker.Table = k.isModule, false
	if picked, err = picker.Pick(); err != nil {
		return nil, nil, err
	}
	for _, s := range picker.Shapes() {
		if slices.ContainsFunc(picked, func(p pick.Picked) bool { return p.Shape == s.Name }) {
			shapes = append(shapes, scenarios.Variant{Name: s.Name, Doc: s.Doc})
		}
	}
	if len(shapes) == 0 {
		err = fmt.Errorf("%s: %w: none of its functions returns when it is called with made-up arguments",
			k.modules[0].image.Name, ErrModule)
	}
	return shapes, picked, err
}

// module calls the functions of the modules that were loaded, as functions calls the kernel's.
func (k *Kernel) module() *scenarios.Scenario {
	doc := "functions of the loaded modules, picked by the shape of their frames, called with made-up arguments"
	return k.scenario("module", doc, k.moduleShapes, func(b *builder, variant string) {
		b.callPicked(k.modulePicked, variant)
	})
}

// putModules makes the modules' tables parts of a kernel's, as far as the kernel has such tables itself.
func (k *Kernel) putModules(described *unwind.Layout) {
	for _, m := range k.modules {
		var own unwind.Layout
		m.tables.Put(&own)
		for _, s := range m.image.Segments {
			code := unwind.Range{Start: s.Addr, End: s.End()}
			if s.Perm&image.Exec == 0 {
				continue
			}
			if described.SFrame != nil && (!k.readsSFrame() || k.readsModules()) {
				described.SFrame = &tablePart{described.SFrame, own.SFrame, code}
			}
			if described.CFI != nil {
				described.CFI = &tablePart{described.CFI, own.CFI, code}
			}
		}
	}
}

// tablePart is a table in which code that was loaded along with the kernel is looked up in a table of its own.
type tablePart struct {
	kernel, own unwind.Table // own is nil if the code has none
	code        unwind.Range
}

// Row implements [unwind.Table].
func (t *tablePart) Row(pc uint64) (unwind.Row, unwind.Failure) {
	switch {
	case !t.code.Contains(pc):
		return t.kernel.Row(pc)
	case t.own == nil:
		return unwind.Row{}, unwind.Failure{Reason: unwind.NoTable, Addr: pc}
	}
	return t.own.Row(pc)
}
