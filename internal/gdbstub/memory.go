// SPDX-License-Identifier: GPL-2.0-only

package gdbstub

import (
	"encoding/hex"

	"stacksweep/emu"
)

// readMemory answers the m packet: up to size bytes from addr on. gdb may ask for more than there is and is given what
// exists; ok is false if not even the first byte does.
func readMemory(m *emu.Memory, addr, size uint64) (text string, ok bool) {
	b := make([]byte, min(size, maxPacket/2))
	n := 0
	for n < len(b) {
		// Memory exists in whole pages.
		part := b[n:min(len(b), n+int(emu.PageSize-(addr+uint64(n))%emu.PageSize))]
		if !m.Read(addr+uint64(n), part) {
			break
		}
		n += len(part)
	}
	return hex.EncodeToString(b[:n]), n > 0 || size == 0
}
