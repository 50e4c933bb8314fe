// SPDX-License-Identifier: GPL-2.0-only

package userfile

import (
	"cmp"

	"stacksweep/emu"
	"stacksweep/scenarios"
	"stacksweep/scenarios/corpus"
	"stacksweep/scenarios/guest"
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
	run, err := corpus.Thread(corpus.Call{Function: c.function, Args: c.args, PAC: f.options.PAC == PACOn}, o)
	if err != nil {
		return nil, err
	}
	run.Image, run.ELF = f.whole, nil
	run.Limit = f.options.Limit
	run.Config.TPIDREL0 = f.thread
	f.tables.Put(run.Kernel)
	corpusLine := run.SourceLine
	run.SourceLine = func(pc uint64) string { return cmp.Or(f.user.SourceLine(pc), corpusLine(pc)) }
	run.Config.Regions = append(run.Config.Regions, f.regions...)
	if len(c.data) > 0 {
		size := (uint64(len(c.data)) + guest.PageSize - 1) &^ (guest.PageSize - 1)
		run.Config.Regions = append(run.Config.Regions, emu.Region{Name: "arguments", Base: userArguments, Size: size, Data: c.data, Perm: emu.Read | emu.Write})
	}
	return run, nil
}
