// SPDX-License-Identifier: GPL-2.0-only

package live

import (
	"encoding/binary"
	"slices"
	"strings"

	"stacksweep/image"
	"stacksweep/internal/arm64"
)

// A Pair is a function that can be traced and branches to the entry of another one, which can be, too: what the branch
// reaches returns to where the first would have returned, which is return_to_handler if that is traced.
type Pair struct {
	Outer, Inner string
	Reader
}

// A Reader is how a function is called: by a command that reads a file.
type Reader struct {
	Command string // "" if none is known
	Callee  string // a function that Inner calls, from which the task can be switched out; "" if none is known
}

// readers are functions of which it is known what calls them. The shell reads a byte at a time, and a sequence file is
// asked for more only now and then.
var readers = map[string]Reader{
	"package_cpus_list_read": {"read x < /sys/devices/system/cpu/cpu0/topology/package_cpus_list",
		"bitmap_print_list_to_buf"},
	"package_cpus_read": {"read x < /sys/devices/system/cpu/cpu0/topology/package_cpus",
		"bitmap_print_bitmask_to_buf"},
	"schedstat_start": {Command: "wc -l /proc/schedstat > /dev/null"},
}

// Pairs finds them all in a kernel's Image, by their code alone: a function that can be traced begins with two NOPs,
// perhaps after a landing pad, as long as nothing is traced.
func Pairs(im *image.Image) (pairs []Pair) {
	for s := range im.Symbols.All() {
		if s.Size < 12 || !traceable(im, s.Addr) {
			continue
		}
		code, _ := im.Bytes(s.Addr, s.Size)
		for off := 0; off+4 <= len(code); off += 4 {
			word := binary.LittleEndian.Uint32(code[off:])
			if !arm64.IsB(word) {
				continue
			}
			to := arm64.Target(word, s.Addr+uint64(off))
			if to-s.Addr < s.Size || !traceable(im, to) {
				continue
			}
			if inner, ok := im.Symbols.At(to); ok && inner.Addr == to {
				pairs = append(pairs, Pair{s.Name, inner.Name, readers[s.Name]})
			}
		}
	}
	slices.SortFunc(pairs, func(a, b Pair) int {
		if c := strings.Compare(a.Outer, b.Outer); c != 0 {
			return c
		}
		return strings.Compare(a.Inner, b.Inner)
	})
	return slices.Compact(pairs)
}

// traceable reports whether ftrace can patch a function.
func traceable(im *image.Image, entry uint64) bool {
	code, ok := im.Bytes(entry, 12)
	if !ok {
		return false
	}
	words := [3]uint32{}
	for i := range words {
		words[i] = binary.LittleEndian.Uint32(code[4*i:])
	}
	return words[0] == arm64.NOP && words[1] == arm64.NOP ||
		words[0] == arm64.BTIC && words[1] == arm64.NOP && words[2] == arm64.NOP
}
