package sweep

import (
	"io"

	"stacksweep/scenarios"
	"stacksweep/unwind"
)

// OwnWalker is the unwinder that the swept image itself contains, executed like the rest of it. It exists in scenarios
// of real kernels only, and is much slower than a model; it is therefore none of [Walkers].
func OwnWalker() WalkerSpec {
	return WalkerSpec{
		Name: "image",
		Doc:  "the swept kernel's own unwinder, executed; in real kernels only, and only if asked for by name",
		Ref:  "arch_stack_walk_reliable of the image; arch_stack_walk, which claims nothing, where there is none",
		New: func(run *scenarios.Run) unwind.Walker {
			if run.Own == nil {
				return noWalker("the image has no unwinder of its own that can be executed")
			}
			w, err := run.Own()
			if err != nil {
				return noWalker(err.Error())
			}
			return w
		},
	}
}

// noWalker stands for an unwinder that there isn't: it refuses every walk, for the reason that it is.
type noWalker string

func (noWalker) Name() string { return "image" }

func (w noWalker) Walk(_ *unwind.Task, t *unwind.Trace) {
	t.Reset()
	t.Failure = unwind.Failure{Reason: unwind.ForeignFailure, Detail: string(w)}
}

// closeWalkers releases what walkers hold besides memory.
func closeWalkers(walkers []unwind.Walker) {
	for _, w := range walkers {
		if c, ok := w.(io.Closer); ok {
			c.Close()
		}
	}
}
