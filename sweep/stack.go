package sweep

import "stacksweep/emu"

// A stack of return addresses, innermost first, is a list of nodes linked to their parents: neighbouring moments of a
// run share all but the top.
type node struct {
	addr   uint64 // where control returns to
	sp, fp uint64 // SP and X29 of the caller, at the call or on the return: both must be the same
	parent int32  // the next outer node, or noNode
}

const noNode = -1

// change says that from before a step on, until the next change, the stack's top is node.
type change struct {
	step uint32
	top  int32
}

// A history is the stack at every step of a run, as one oracle sees it.
type history struct {
	nodes   []node
	changes []change // one per transfer, by step; before the first of them the stack is empty
}

func (h *history) push(n node) int32 {
	h.nodes = append(h.nodes, n)
	return int32(len(h.nodes) - 1)
}

// hooks is the set of addresses at which a hooked return arrives: return_to_handler, a kretprobe trampoline.
// A function that returns there has not yet returned, in the logical sense, to its caller.
type hooks []uint64

func (h hooks) has(addr uint64) bool {
	for _, a := range h {
		if a == addr {
			return true
		}
	}
	return false
}

// A transfer is an emu.Transfer with what the oracles need besides.
type transfer struct {
	step     uint32 // in the run
	kind     emu.TransferKind
	from, to uint64
	sp, fp   uint64 // on arrival
}

// appendTransfers adds the transfers of a chunk.
func appendTransfers(all []transfer, c *emu.Chunk) []transfer {
	for i := range c.Transfers {
		t := &c.Transfers[i]
		all = append(all, transfer{
			step: uint32(c.First) + t.Step, kind: t.Kind,
			from: c.PC[t.Step], to: t.To, sp: t.SP, fp: t.FP,
		})
	}
	return all
}

// entersHandlerAtHook reports whether a transfer is an exception that the trampoline itself raises to get into its
// handler, as a kretprobe's BRK does: the handler takes the place of the trampoline, and its ERET is the hooked return.
func (h hooks) entersHandlerAtHook(t *transfer) bool {
	return t.kind == emu.Exception && h.has(t.from)
}

// returnAddress is where a call, or an exception, comes back to.
func (t *transfer) returnAddress() uint64 {
	if t.kind == emu.Exception {
		return t.from
	}
	return t.from + 4
}
