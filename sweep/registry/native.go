// SPDX-License-Identifier: GPL-2.0-only

package registry

import (
	"slices"

	"stacksweep/scenarios"
	"stacksweep/unwind"
	"stacksweep/unwind/kunwind"
)

// Native lists the unwinders that a swept kernel itself contains, executed like the rest of it, and our model of them.
// They exist in scenarios of real kernels only, and executing one is much slower than running a model, so [All] does
// not list them.
func Native() []Spec {
	return []Spec{
		{
			Name: "model", Doc: "our model of image, whichever of those above that is for the kernel at hand",
			Ref: "what the kernel's types and symbols tell", New: newModel, Absent: noModel,
		},
		native("image", "the kernel's own reliable unwinder, executed; its plain one where there is none",
			"arch_stack_walk_reliable of the image", true),
		native("image-walk", "the kernel's own plain unwinder, executed; it claims nothing, so every trace is taken "+
			"at its word", "arch_stack_walk of the image", false),
	}
}

// newModel makes the model of the unwinder of a run's kernel.
func newModel(run *scenarios.Run) unwind.Walker {
	const name = "model"
	p, ok := modelOf(run)
	if !ok {
		return &missing{name, unwind.ForeignFailure, noModel(run)}
	}
	p.Name = name
	return kunwind.New(p, run.Kernel)
}

func modelOf(run *scenarios.Run) (kunwind.Profile, bool) {
	all := kunwind.Profiles()
	i := slices.IndexFunc(all, func(p kunwind.Profile) bool { return p.Name == run.Model })
	if i < 0 {
		return kunwind.Profile{}, false
	}
	return all[i], true
}

func noModel(run *scenarios.Run) string {
	if _, ok := modelOf(run); !ok {
		return "there is no real kernel whose unwinder could be modelled"
	}
	return ""
}

func noNative(run *scenarios.Run) string {
	if run.Native == nil {
		return "the image has no unwinder of its own that can be executed"
	}
	return ""
}

func native(name, doc, ref string, reliable bool) Spec {
	return Spec{Name: name, Doc: doc, Ref: ref, Absent: noNative, New: func(run *scenarios.Run) unwind.Walker {
		if why := noNative(run); why != "" {
			return &missing{name, unwind.ForeignFailure, why}
		}
		w, err := run.Native(reliable)
		if err != nil {
			return &missing{name, unwind.NotRun, err.Error()}
		}
		return w
	}}
}

// missing is a placeholder for an unwinder that a run does not have. It refuses every walk and gives the reason.
type missing struct {
	name   string
	reason unwind.Reason
	why    string
}

func (w *missing) Name() string { return w.name }

func (w *missing) Walk(_ *unwind.Task, t *unwind.Trace) {
	t.Reset()
	t.Failure = unwind.Failure{Reason: w.reason, Detail: w.why}
}
