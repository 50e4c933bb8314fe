package sweep

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

// newHistory has room for what a log of transfers will make of it: a run calls as often as it returns.
func newHistory(log transferLog) *history {
	n := log.len()
	return &history{nodes: make([]node, 0, n/2+1), changes: make([]change, 0, n)}
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
