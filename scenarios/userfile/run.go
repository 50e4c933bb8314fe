// SPDX-License-Identifier: GPL-2.0-only

package userfile

import (
	"cmp"
	"slices"

	"stacksweep/emu"
	"stacksweep/image"
	"stacksweep/internal/arm64"
	"stacksweep/scenarios"
	"stacksweep/scenarios/corpus"
	"stacksweep/scenarios/guest"
	"stacksweep/unwind"
	"stacksweep/unwind/cfi"
)

// A call is a function of a user's file with its arguments.
type call struct {
	file     *File
	function uint64
	args     []uint64
	data     []byte // at userArguments
}

// build makes the run.
func (c *call) build(o scenarios.Options) (*scenarios.Run, error) {
	f := c.file
	run, err := corpus.Thread(corpus.Call{Function: c.function, Args: c.args, PAC: f.options.PAC == PACOn,
		Stack: f.options.Stack}, o)
	if err != nil {
		return nil, err
	}
	run.Image, run.ELF = f.whole, f.elf()
	run.Limit = f.options.Limit
	run.Place = func(pc uint64) string { place, _ := f.placeIn(pc); return place }
	run.Config.TPIDREL0 = f.thread
	if f.shadow {
		run.Start.X[18] = userShadow
		run.ShadowCalls = scenarios.ShadowCalls{
			Stacks: []unwind.Range{{Start: userShadow, End: userShadow + shadowSize}}, Save: arm64.PushSCS,
			Take: arm64.PopSCS,
		}
	}
	f.tables.Put(run.Kernel)
	corpusLine := run.SourceLine
	run.SourceLine = func(pc uint64) string { return cmp.Or(f.user.SourceLine(pc), corpusLine(pc)) }
	run.Config.Regions = append(run.Config.Regions, f.regions...)
	if len(c.data) > 0 {
		size := guest.PageUp(uint64(len(c.data)))
		run.Config.Regions = append(run.Config.Regions, emu.Region{Name: "arguments", Base: userArguments, Size: size,
			Data: c.data, Perm: emu.Read | emu.Write})
	}
	return run, nil
}

// elf is the whole image as a file for unwinders in other programs, with the tables of the file and of the corpus.
func (f *File) elf() []byte {
	f.once.Do(func() {
		sections := slices.Concat(frames(f.user), frames(corpus.Image()))
		whole := *f.whole
		whole.Entry = corpus.Image().Entry // where debuggers end a trace
		f.file = whole.ELF(cfi.WriteDebugFrame(sections...))
	})
	return f.file
}

// frames reads all call frame information of an image; what can't be read is left out.
func frames(im *image.Image) (all []*cfi.Info) {
	for _, s := range []struct {
		name string
		kind cfi.Kind
	}{{".eh_frame", cfi.EHFrame}, {".debug_frame", cfi.DebugFrame}} {
		if addr, data, ok := im.Section(s.name); ok {
			if info, err := cfi.Parse(data, addr, s.kind); err == nil {
				all = append(all, info)
			}
		}
	}
	return all
}
