// SPDX-License-Identifier: GPL-2.0-only

package leaf

import (
	"encoding/binary"
	"slices"

	"stacksweep/image"
	"stacksweep/unwind/flow"
)

// patchSites returns the addresses that ftrace is told of, in order: what -fpatchable-function-entry notes, which a
// kernel's linker script collects. Listed is false where the file tells nothing: what is linked may have lost the list,
// or its addresses are to be filled in when it is loaded.
func patchSites(im *image.Image) (sites []uint64, listed bool) {
	var lists [][]byte
	for _, s := range im.Segments { // of an object, in which there may be several
		if s.Name == patchableSection {
			lists = append(lists, s.Data)
		}
	}
	if _, data, ok := im.Section(patchableSection); ok && lists == nil {
		lists = append(lists, data)
	}
	start, ok := im.Symbols.Lookup("__start_mcount_loc")
	stop, _ := im.Symbols.Lookup("__stop_mcount_loc")
	if data, inside := im.Bytes(start.Addr, stop.Addr-start.Addr); ok && inside {
		lists = append(lists, data)
	}
	if lists == nil {
		return nil, im.Kind == image.Relocatable
	}
	entries := 0
	for _, data := range lists {
		for ; len(data) >= 8; data = data[8:] {
			entries++
			addr := binary.LittleEndian.Uint64(data)
			if s, ok := im.Segment(addr); ok && s.Perm&image.Exec != 0 {
				sites = append(sites, addr)
			}
		}
	}
	slices.Sort(sites)
	return sites, len(sites) > entries/2 // else relocations are to fill it in
}

const patchableSection = "__patchable_function_entries"

// checkPatchSites corrects which functions begin with NOPs that ftrace patches, where the file lists them.
func (r *Report) checkPatchSites() {
	sites, listed := patchSites(r.Image)
	if !listed {
		return
	}
	for i := range r.Functions {
		if f := &r.Functions[i]; f.Flow.Class.Patchable {
			f.Flow.Class.Patchable = r.isSite(sites, f.Flow.Addr)
		}
	}
}

// isSite reports whether one of the sorted sites is that of the function at an address: among its first instructions,
// or where the NOPs begin that are before it.
func (r *Report) isSite(sites []uint64, function uint64) bool {
	at, found := slices.BinarySearch(sites, patchSite(r.Image, function))
	if found {
		return true
	}
	if at == 0 || sites[at-1] >= function {
		return at > 0
	}
	nops, ok := r.Image.Bytes(sites[at-1], function-sites[at-1])
	return ok && flow.IsPadding(nops)
}
