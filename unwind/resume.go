// SPDX-License-Identifier: GPL-2.0-only

package unwind

// A Resumer is a walker that remembers its last walk, and goes on from there.
//
// Neighbouring points of a run share most of their stack. A walk that has come to a frame in the state in which an
// earlier walk was there, with nothing written since to what that walk read from there on, ends as that walk did. The
// outer frames need not be walked again.
//
// Whoever calls Resume must tell the walker of everything that is written to the task's memory: by Wrote, or by Forget
// if that isn't known.
type Resumer interface {
	Walker
	// Resume is Walk for a task whose Mem is a [Witness], but for the frames: t gets only those that were walked, and
	// known is how many outer ones an earlier walk has found. Everything else in t is about the whole walk. kept is how
	// many of the frames that the walker remembered before, counted from the outermost, it still does: known, but for a
	// walk that wasn't worth to be remembered itself, which is never a reliable one.
	Resume(task *Task, t *Trace) (known, kept int)
	// Complete appends the outer frames of the last Resume to t.
	Complete(t *Trace)
	// Joint is where the last Resume met an earlier walk; the zero Joint if it didn't.
	Joint() Joint
	// Holds reports whether a walk that met an earlier one at a joint would, if it were repeated and came there again,
	// still end in the same way.
	Holds(j Joint) bool
	// Alike reports whether walks across exceptions that interrupt the instructions at a and at b, everything else
	// being the same, differ in nothing but the frame of that instruction.
	Alike(a, b uint64) bool
	// Wrote says that the bytes [addr, addr+size) have changed.
	Wrote(addr, size uint64)
	// Forget says that any of the memory may have changed.
	Forget()
}

// A Joint names the outer frames of a walk, and how it ended. It is good until they are no longer remembered.
type Joint struct {
	Depth int    // how many frames there are further out
	Name  uint64 // of no other frames of this walker; never 0
}

// A Witness is memory that notes what is read of it.
type Witness interface {
	Memory
	// Seen returns the addresses of the words that were read since the last call, valid until the next read, and
	// whether any of them was, in part, in the range of Shown.
	Seen() (addrs []uint64, shown bool)
	// Shown is the range of memory that is shown to this walk only, such as an exception that is laid over; empty if
	// there is none.
	Shown() (low, high uint64)
}
