// SPDX-License-Identifier: GPL-2.0-only

package image

import (
	"bytes"
	"debug/elf"
)

// Debug adds what a separate debug file tells of a linked file: its symbols, its .debug_frame and its line tables. data
// is the contents of that file, name is for messages. It must have the build ID of the file, if both have one.
func Debug(name string, data []byte) Option {
	return func(o *options) { o.debug = &file{name, data} }
}

// addDebug gives the image the symbols and sections of the debug file, and the file's own symbols where it has none.
func (ef *elfFile) addDebug(im *Image, o options, address func(elfSymbol) uint64) error {
	other, err := readELF(o.debug)
	if err != nil {
		return err
	}
	ours, theirs := ef.buildID(), other.buildID()
	if ours != nil && theirs != nil && !bytes.Equal(ours, theirs) {
		return other.errorf(0, "%v: its build ID is %x, that of %s is %x", ErrOtherFile, theirs, ef.name, ours)
	}
	for i := range other.sections {
		s := &other.sections[i]
		if s.loaded() {
			continue
		}
		data, err := other.unloaded(s)
		if err != nil {
			return err
		}
		if _, _, have := im.Section(s.name); data != nil && !have {
			im.sections = append(im.sections, section{s.name, 0, data, false})
		}
	}
	im.debug = other
	table, err := other.symbolTable()
	if err != nil { // it may have DWARF only
		if table, err = ef.symbolTable(); err != nil {
			return err
		}
		return ef.addSymbols(im, table, address, o)
	}
	return other.addSymbols(im, table, address, o)
}

// buildID is the contents of the note that a linker puts into a file to know it again, nil without one.
func (ef *elfFile) buildID() []byte {
	const header, name = 12, 4 // bytes of Elf64_Nhdr, and of "GNU\0"
	for i := range ef.sections {
		if s := &ef.sections[i]; s.kind == elf.SHT_NOTE && s.name == ".note.gnu.build-id" && len(s.data) > header+name {
			return s.data[header+name:]
		}
	}
	return nil
}
