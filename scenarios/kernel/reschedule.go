// SPDX-License-Identifier: GPL-2.0-only

package kernel

import (
	"encoding/binary"

	"stacksweep/internal/arm64"
)

// preempts reports whether the return handler may be preempted, by a call of its own.
func (k *Kernel) preempts() bool { return k.Reschedules() != "" }

// Reschedules names the function by which the return handler is preempted, "" if it calls none. A kernel that is told
// when it boots whether to preempt calls a function that asks a static key first.
func (k *Kernel) Reschedules() string {
	b := &builder{layout: k.layout()}
	for _, callee := range []string{"preempt_schedule_notrace", dynamicPreempt} {
		if _, ok := k.lookup(callee); !ok || b.callSite(k.returnHandler(), callee) == 0 {
			continue
		}
		if callee != dynamicPreempt {
			return callee
		}
		key, ok := k.lookup("sk_" + dynamicPreempt)
		enabled, read := k.image.Bytes(key, 4) // struct static_key begins with the count
		if ok && read && binary.LittleEndian.Uint32(enabled) > 0 {
			return callee
		}
	}
	return ""
}

// dynamicPreempt is the function that preempts where PREEMPT_DYNAMIC is set. In front of the static key's name is sk_.
const dynamicPreempt = "dynamic_preempt_schedule_notrace"

// schedule makes the stub scheduler the one that is called, which must happen once.
func (b *builder) schedule() {
	entry := b.Symbol("__schedule")
	b.SetWord32(entry, arm64.Branch(arm64.B, entry, b.Symbol("stub_scheduler")))
	b.check("the number of context switches", b.Symbol("stub_nr_switches"), 1)
}
