// SPDX-License-Identifier: GPL-2.0-only

package image

import (
	"debug/elf"
	"fmt"
	"strings"
)

// Static says that the file is only looked at, never run. Then what only a running program needs is not a reason to
// refuse an object: where a relocation needs a global offset table, thread-local storage, a symbol that is not
// resolved, or nearer memory, the word keeps the value that it has in the file, and is counted in Unrelocated. That
// goes for code and data; in tables of unwind information everything must be right. Files without symbols are read too.
func Static() Option { return func(o *options) { o.static = true } }

// Unrelocated counts relocations that were not applied.
type Unrelocated struct {
	Count int
	First string // the type and place of the first: "R_AARCH64_ADR_GOT_PAGE at .text+0x8"
}

func (u *Unrelocated) add(kind, section string, offset uint64) {
	if u.Count++; u.Count == 1 {
		u.First = fmt.Sprintf("%s at %s+0x%x", kind, section, offset)
	}
}

// isTable reports whether a section holds unwind information.
func isTable(s *elfSection) bool {
	const shtGNUSFrame = 0x6ffffff4
	return s.kind == shtGNUSFrame || strings.HasPrefix(s.name, ".eh_frame") || strings.HasPrefix(s.name, debugFrame) ||
		strings.HasSuffix(s.name, ".sframe") || strings.HasPrefix(s.name, ".sframe")
}

// startsAtSection reports whether a section is an SFrame section whose function starts count from the section's start:
// of version 1, or of version 2 without the flag that says that they count from their own field. In objects GNU as
// makes them relative to the field anyway, with the addend of an ordinary R_AARCH64_PREL32, and it is the linker
// that makes them what the format wants. SFrame specification V2, erratum 1.
func startsAtSection(contents []byte) bool {
	const magic, pcRelative = 0xdee2, 0x4
	return len(contents) >= 4 && le.Uint16(contents) == magic &&
		(contents[2] == 1 || contents[2] == 2 && contents[3]&pcRelative == 0)
}

// codeless reports whether a file has code sections, and none with contents: it is the debugging information that was
// taken out of another file.
func (ef *elfFile) codeless() bool {
	found := false
	for i := range ef.sections {
		if s := &ef.sections[i]; s.isCode() && s.size > 0 {
			if s.kind != elf.SHT_NOBITS {
				return false
			}
			found = true
		}
	}
	return found
}
