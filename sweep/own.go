// SPDX-License-Identifier: GPL-2.0-only

package sweep

import (
	"stacksweep/scenarios"
	"stacksweep/unwind"
	"stacksweep/unwind/kunwind"
)

// OwnWalkers are the unwinders that a swept kernel itself contains, executed like the rest of it, and our model of them.
// They exist in scenarios of real kernels only, and those that are executed are much slower than a model; they are
// therefore none of [Walkers].
func OwnWalkers() []WalkerSpec {
	return []WalkerSpec{
		{
			Name: "model", Doc: "our model of image, whichever of those above that is for the kernel at hand",
			Ref: "what the kernel's types and symbols tell", New: newModel,
		},
		ownWalker("image", "the kernel's own reliable unwinder, executed; its plain one where there is none", "arch_stack_walk_reliable of the image", true),
		ownWalker("image-walk", "the kernel's own plain unwinder, executed; it claims nothing, so every trace is taken at its word", "arch_stack_walk of the image", false),
	}
}

// newModel makes the model that stands for the unwinder of a run's kernel.
func newModel(run *scenarios.Run) unwind.Walker {
	const name = "model"
	for _, p := range kunwind.Profiles() {
		if p.Name == run.Model {
			p.Name = name
			return kunwind.New(p, run.Kernel)
		}
	}
	return &noWalker{name, "there is no real kernel whose unwinder could be modelled"}
}

func ownWalker(name, doc, ref string, reliable bool) WalkerSpec {
	return WalkerSpec{Name: name, Doc: doc, Ref: ref, New: func(run *scenarios.Run) unwind.Walker {
		if run.Native == nil {
			return &noWalker{name, "the image has no unwinder of its own that can be executed"}
		}
		w, err := run.Native(reliable)
		if err != nil {
			return &noWalker{name, err.Error()}
		}
		return w
	}}
}

// noWalker stands for an unwinder that there isn't: it refuses every walk, for the reason that it is.
type noWalker struct{ name, why string }

func (w *noWalker) Name() string { return w.name }

func (w *noWalker) Walk(_ *unwind.Task, t *unwind.Trace) {
	t.Reset()
	t.Failure = unwind.Failure{Reason: unwind.ForeignFailure, Detail: w.why}
}
