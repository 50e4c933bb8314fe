// SPDX-License-Identifier: GPL-2.0-only

package kernel

import "stacksweep/unwind"

// Remembers reports whether the kernel's own unwinder remembers any walk.
func Remembers(w unwind.Walker) bool { return w.(*native).recall.asked > 0 }

// Traits are those that expectations depend on.
func (k *Kernel) Traits() []string { return k.traits() }
