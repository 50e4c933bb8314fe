// SPDX-License-Identifier: GPL-2.0-only

package image

import (
	"bytes"
	"encoding/binary"
	"slices"
	"testing"
)

// lineTable is a line table of DWARF 5 that announces so many directories and files, and has two of each.
func lineTable(directories, files uint64) []byte {
	rest := []byte{5, 0, 8, 0}
	rest = append(rest, 0, 0, 0, 0) // length of the header, which is not looked at
	rest = append(rest, 4, 1, 1, 0xfb, 14, 3, 0, 1)
	rest = append(rest, 1, 1, formString)
	rest = binary.AppendUvarint(rest, directories)
	rest = append(rest, "/\x00src\x00"...)
	rest = append(rest, 2, 1, formLineStr, 2, 0x0b)
	rest = binary.AppendUvarint(rest, files)
	rest = append(rest, 1, 0, 0, 0, 0, 2, 0, 0, 0, 1)
	return append(binary.LittleEndian.AppendUint32(nil, uint32(len(rest))), rest...)
}

func TestCountsFit(t *testing.T) {
	before := []byte{1, 2, 3}
	for _, tt := range []struct {
		directories, files uint64
		want               bool
	}{
		{2, 2, true}, {1 << 40, 2, false}, {2, 1 << 40, false}, {100, 2, false}, {2, 11, false}, {0, 0, true},
	} {
		section := slices.Concat(before, lineTable(tt.directories, tt.files))
		if tt.directories == 0 {
			section = slices.Concat(before, lineTable(2, 2)) // cut short, at any place
			for n := range section {
				countsFit(section[:n], 3, binary.LittleEndian)
			}
		}
		if got := countsFit(section, 3, binary.LittleEndian); got != tt.want {
			t.Errorf("%d directories and %d files fit: %t, want %t", tt.directories, tt.files, got, tt.want)
		}
	}
	padded := bytes.Replace(lineTable(2, 2), []byte{1, 1, formString, 2}, append([]byte{1, 1, formString},
		0x82, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0), 1)
	if countsFit(padded, 0, binary.LittleEndian) {
		t.Error("a number of directories in eleven bytes fits")
	}
	old := lineTable(1<<40, 1<<40)
	old[4] = 4
	if !countsFit(old, 0, binary.LittleEndian) || !countsFit(old, 1000, binary.LittleEndian) {
		t.Error("a table without counts, or one that isn't there, does not fit")
	}
}
