// SPDX-License-Identifier: GPL-2.0-only

package boot

import (
	"fmt"

	"stacksweep/image"
)

// scsPatcher is how a kernel with CONFIG_UNWIND_PATCH_PAC_INTO_SCS gets a shadow call stack on a CPU that can't sign:
// a function turns every PACIASP and AUTIASP that .eh_frame has a note of into a push and a pop (scs_patch,
// arch/arm64/kernel/pi/patch-scs.c), and a variable says so. It is called before the kernel's page tables are in use,
// under the names that position-independent code has.
var scsPatcher = struct{ function, start, end, done string }{
	"__pi_scs_patch", "__pi___eh_frame_start", "__pi___eh_frame_end", "__pi_dynamic_scs_is_enabled",
}

// arguments are what the kernel passes to one of its initialisers: nothing to most.
func arguments(im *image.Image, function string) ([]uint64, error) {
	if function != scsPatcher.function {
		return nil, nil
	}
	start, hasStart := im.Symbols.Lookup(scsPatcher.start)
	end, hasEnd := im.Symbols.Lookup(scsPatcher.end)
	if !hasStart || !hasEnd || end.Addr < start.Addr {
		return nil, fmt.Errorf("%w: %s: the kernel has no %s and %s after it", ErrInit, function, scsPatcher.start,
			scsPatcher.end)
	}
	const skipDryRun = 0
	return []uint64{start.Addr, end.Addr - start.Addr, skipDryRun}, nil
}

// finish does what the kernel does after an initialiser that has returned result.
func (m *machine) finish(function string, result uint64) error {
	if function != scsPatcher.function {
		return nil
	}
	if result := int32(result); result != 0 { // EDYNSCS_...
		return fmt.Errorf("it returns %d: it doesn't understand .eh_frame", result)
	}
	done, ok := m.im.Symbols.Lookup(scsPatcher.done)
	if !ok {
		return nil
	}
	return m.Write(done.Addr, []byte{1})
}
