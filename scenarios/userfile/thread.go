// SPDX-License-Identifier: GPL-2.0-only

package userfile

import (
	"encoding/binary"
	"slices"

	"stacksweep/emu"
	"stacksweep/image"
	"stacksweep/scenarios/guest"
)

// threadBelow is how much memory lies below the thread pointer: a C library keeps its own data of a thread there.
const threadBelow = 0x4000

// threadAbove is the least that lies at and above it, for variables of other files.
const threadAbove = 0x1000

// addThread makes the thread-local storage of the only thread, with the file's variables. A file without
// any may still look at what lies at the thread pointer, as for the stack protector's guard: then it finds zeros.
func (f *File) addThread() {
	data := make([]byte, threadBelow)
	size := uint64(threadAbove)
	if t := f.user.TLS; t != nil {
		data = append(append(data, make([]byte, t.Offset)...), t.Data...)
		size += t.Offset + t.Size
	}
	size = guest.PageUp(size)
	if size > userGuard-userThread { // more than fits: the file can't run with it
		size, data = userGuard-userThread, data[:min(len(data), threadBelow+userGuard-userThread)]
	}
	f.thread = userThread
	f.regions = append(f.regions, emu.Region{Name: "thread-local storage", Base: userThread - threadBelow,
		Size: threadBelow + size, Data: data, Perm: emu.Read | emu.Write})
}

// hasCode reports whether a file has code with one of some instructions.
func hasCode(im *image.Image, words ...uint32) bool {
	for _, s := range im.Segments {
		if s.Perm&image.Exec == 0 {
			continue
		}
		for i := 0; i+4 <= len(s.Data); i += 4 {
			if slices.Contains(words, binary.LittleEndian.Uint32(s.Data[i:])) {
				return true
			}
		}
	}
	return false
}
