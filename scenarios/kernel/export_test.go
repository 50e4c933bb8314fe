// SPDX-License-Identifier: GPL-2.0-only

package kernel

import (
	"stacksweep/scenarios"
	"stacksweep/unwind"
)

// Forgetful is the kernel's own unwinder, which executes every walk.
func Forgetful(k *Kernel, run *scenarios.Run) (unwind.Walker, error) {
	w, err := newNative(k, run, true)
	return &forgetful{w.(*native)}, err
}

type forgetful struct{ *native }

func (w *forgetful) Walk(task *unwind.Task, t *unwind.Trace) {
	w.recall = recall{}
	w.native.Walk(task, t)
}
