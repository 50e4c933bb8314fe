// SPDX-License-Identifier: GPL-2.0-only

package leaf

import (
	"encoding/binary"
	"testing"

	"stacksweep/internal/blind"
)

// What is read is in order, in code, and has as many places as there are entries at most.
func FuzzAlternatives(f *testing.F) {
	const base, code = 0x10000, 0x8000
	inCode := func(addr uint64) bool { return addr-code < 0x1000 }
	f.Add(binary.LittleEndian.AppendUint32(nil, uint32(code+4-base+1<<32)))
	f.Add(append(binary.LittleEndian.AppendUint32(nil, uint32(code+4-base+1<<32)), make([]byte, 8)...))
	blind.Fuzz(f, func(t *testing.T, data []byte) {
		at, err := parseAlternatives(base, data, inCode)
		if err != nil {
			if at != nil {
				t.Errorf("%d places with error %v", len(at), err)
			}
			return
		}
		if len(data)%12 != 0 || len(at) > len(data)/12 || len(data) > 0 && len(at) == 0 {
			t.Errorf("%d places of %d bytes", len(at), len(data))
		}
		for i, addr := range at {
			if !inCode(addr) || i > 0 && at[i-1] >= addr {
				t.Errorf("place %d is %#x", i, addr)
			}
		}
	})
}
