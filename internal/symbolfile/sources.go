// SPDX-License-Identifier: GPL-2.0-only

package symbolfile

import (
	"bytes"
	"debug/dwarf"
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
)

// errLines says that a header of .debug_line isn't one that can be changed.
var errLines = errors.New(".debug_line has another form than GNU as writes")

// sourcesIn returns an ELF file whose DWARF says that sources which were compiled in one folder, by their names, were
// compiled from the folder that it is in now: by names that begin with the folder's. Names are offsets in .debug_str
// and .debug_line_str, to which the new ones are appended.
func sourcesIn(file []byte, folder, in string) ([]byte, error) {
	f, all, err := readDWARF(file)
	if err != nil {
		return nil, err
	}
	file = bytes.Clone(file)
	inInfo := &names{contents: bytes.Clone(contents(file, f, ".debug_str"))}
	inLines := &names{contents: bytes.Clone(contents(file, f, ".debug_line_str"))}
	lines, moved, err := moveLines(contents(file, f, ".debug_line"), inLines, folder, in)
	if err != nil {
		return nil, err
	}
	info, le := contents(file, f, ".debug_info"), binary.LittleEndian
	for r := all.Reader(); ; {
		die, err := r.Next()
		if err != nil {
			return nil, err
		}
		if die == nil {
			break
		}
		r.SkipChildren()
		name, _ := die.Val(dwarf.AttrName).(string)
		dir, _ := die.Val(dwarf.AttrCompDir).(string)
		program, _ := die.Val(dwarf.AttrStmtList).(int64)
		fields, n := nameAndFolder(info[die.Offset:], name, dir, inInfo, inLines)
		at := find(info[die.Offset:], uint32(program))
		if fields == nil || at == nil {
			return nil, fmt.Errorf("%s: no name, folder and lines in .debug_info", name)
		}
		le.PutUint32(at, moved[uint32(program)])
		if dir == folder {
			le.PutUint32(fields, n.add(folder+"/"+name))
			le.PutUint32(fields[4:], n.add(in))
		}
	}
	for _, section := range []struct {
		name     string
		contents []byte
	}{{".debug_str", inInfo.contents}, {".debug_line_str", inLines.contents}, {".debug_line", lines}} {
		if file, err = replace(file, f, f.Section(section.name), section.contents); err != nil {
			return nil, err
		}
	}
	return file, nil
}

// names are strings that end in zero bytes.
type names struct {
	contents []byte
	added    map[string]uint32
}

// at returns the string at an offset.
func (n *names) at(offset uint32) string {
	if uint64(offset) >= uint64(len(n.contents)) {
		return ""
	}
	name, _, _ := bytes.Cut(n.contents[offset:], []byte{0})
	return string(name)
}

// add returns the offset of a string, which is appended when it is first asked for.
func (n *names) add(name string) uint32 {
	offset, ok := n.added[name]
	if !ok {
		if n.added == nil {
			n.added = map[string]uint32{}
		}
		offset = uint32(len(n.contents))
		n.added[name] = offset
		n.contents = append(append(n.contents, name...), 0)
	}
	return offset
}

// unitSize is how far the attributes of a unit go at most, in bytes.
const unitSize = 48

// nameAndFolder finds DW_AT_name followed by DW_AT_comp_dir in the entry of a unit, and where their strings are.
func nameAndFolder(die []byte, name, folder string, in ...*names) ([]byte, *names) {
	le := binary.LittleEndian
	for at := 1; at < unitSize && at+8 <= len(die); at++ {
		for _, n := range in {
			if n.at(le.Uint32(die[at:])) == name && n.at(le.Uint32(die[at+4:])) == folder {
				return die[at:], n
			}
		}
	}
	return nil, nil
}

// find returns the last four bytes of a unit's attributes that are a number: DW_AT_stmt_list comes last.
func find(die []byte, number uint32) (last []byte) {
	for at := 1; at < unitSize && at+4 <= len(die); at++ {
		if binary.LittleEndian.Uint32(die[at:]) == number {
			last = die[at : at+4]
		}
	}
	return last
}

// moveLines returns line number programs in whose headers the folder of the compilation is another, and the one that it
// was is a folder in that. The programs become longer; moved has where each begins, by where it began.
func moveLines(lines []byte, n *names, folder, in string) (all []byte, moved map[uint32]uint32, err error) {
	le := binary.LittleEndian
	moved = map[uint32]uint32{}
	for at := 0; at < len(lines); {
		size := 4 + int(le.Uint32(lines[at:]))
		if at+size > len(lines) {
			return nil, nil, errLines
		}
		unit := bytes.Clone(lines[at : at+size])
		moved[uint32(at)] = uint32(len(all))
		at += size
		h, err := parseLines(unit)
		if err != nil {
			return nil, nil, err
		}
		first := unit[h.dirs:]
		if n.at(le.Uint32(first)) == folder {
			unit[h.dirs-1]++
			for _, i := range h.fileDirs {
				unit[i]++
			}
			le.PutUint32(first, n.add(folder))
			unit = slices.Insert(unit, h.dirs, le.AppendUint32(nil, n.add(in))...)
			const headerLength = 8
			le.PutUint32(unit, uint32(len(unit)-4))
			le.PutUint32(unit[headerLength:], le.Uint32(unit[headerLength:])+4)
		}
		all = append(all, unit...)
	}
	return all, moved, nil
}

// A linesHeader says where in the header of a line number program things are.
type linesHeader struct {
	dirs     int   // the folders, each of 4 bytes, the offset of its name; before them is a byte with their number
	fileDirs []int // for each file, the byte with the number of its folder
}

// parseLines reads a header (DWARF 5, section 6.2.4) of the form that GNU as writes:
//
//	length 4, version 2, address size 1, selector size 1, header length 4, 6 bytes, the last of them the first special
//	opcode, their numbers of operands; then twice, for folders and files: how many pairs of content and form 1, the
//	pairs of 1+1, how many entries 1, the entries: a name 4; in files a folder 1 as well
func parseLines(unit []byte) (h linesHeader, err error) {
	const version, fixed, path, folder, formLineStrp, formUdata = 5, 4 + 2 + 1 + 1 + 4 + 6, 1, 2, 0x1f, 0x0f
	if len(unit) < fixed || binary.LittleEndian.Uint16(unit[4:]) != version || unit[fixed-1] == 0 {
		return h, errLines
	}
	at := fixed + int(unit[fixed-1]) - 1
	for _, format := range [][]byte{{1, path, formLineStrp}, {2, path, formLineStrp, folder, formUdata}} {
		if at+len(format)+1 > len(unit) || !bytes.Equal(unit[at:at+len(format)], format) {
			return h, errLines
		}
		at += len(format)
		count, size := int(unit[at]), 4
		at++
		if count == 0 || count >= 0x7f || at+count*(size+1) > len(unit) {
			return h, errLines
		}
		if h.dirs == 0 {
			h.dirs = at
			at += count * size
			continue
		}
		for range count {
			h.fileDirs = append(h.fileDirs, at+size)
			at += size + 1
		}
	}
	return h, nil
}
