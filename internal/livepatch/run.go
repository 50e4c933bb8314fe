// SPDX-License-Identifier: GPL-2.0-only

package livepatch

import (
	"bufio"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"stacksweep/emu"
	"stacksweep/emu/remote"
	"stacksweep/image"
	"stacksweep/internal/boot"
	"stacksweep/scenarios/kernel"
)

// A Report is what was seen.
type Report struct {
	Walks    []Walk   // by the live patch's own check of the task, until it was content
	Lines    []string // what the guest has printed about it
	Finished bool     // the transition has finished while the old lp_outer() was running
	Mixed    bool     // the old lp_outer() has called the new lp_helper() afterwards
}

// A Walk is a stack trace that live patching looked at.
type Walk struct {
	Error  int64 // negative: it was refused
	Frames []string
}

// A Case is what is to be shown.
type Case struct {
	Traced bool // lp_inner() is graph-traced
	Watch  bool // look at the stack traces that live patching takes, through the GDB stub
	// Kretprobe: lp_inner() is live-patched already, and a kretprobe is on the function in its place, which sleeps.
	// There the task is when its stack is looked at.
	Kretprobe bool
}

// seconds is how long the guest waits for the transition to finish.
const seconds = 20

// replaced loads the patch of lp_inner() and puts a kretprobe on what is called instead.
const replaced = `insmod /stacksweep_lp_inner.ko
while [ "$(cat /sys/kernel/livepatch/stacksweep_lp_inner/transition)" != 0 ]; do sleep 0.1; done
echo 'r:p new_lp_inner' > /sys/kernel/tracing/kprobe_events
echo 1 > /sys/kernel/tracing/events/kprobes/p/enable
`

// script loads the module, lets a task run in it, then the patch, and tells how that goes.
func script(c Case) string {
	trace, every := "", 4096
	if c.Kretprobe {
		trace, every = replaced, 8
	}
	if c.Traced {
		trace += "echo lp_inner > /sys/kernel/tracing/set_ftrace_filter\necho function_graph " +
			"> /sys/kernel/tracing/current_tracer\n"
	}
	return `P=/sys/kernel/livepatch/stacksweep_lp_patch
insmod /stacksweep_lp.ko every=` + strconv.Itoa(every) + `
` + trace + `sh -c 'echo run > /proc/stacksweep_lp' &
PID=$!
sleep 1
grep -E ' (new_)?lp_(outer|inner|helper)|lp_write' /proc/kallsyms | sed 's/^/lp: symbol /'
n=0
while [ $n -lt 40 ]; do
	cat /proc/$PID/stack > /tmp/stack
	if ! grep -q lp_outer /tmp/stack; then
		echo "lp: /proc/PID/stack, without lp_outer():"
		sed 's/^/lp:     /' /tmp/stack
		break
	fi
	n=$((n+1))
done
echo "lp: ` + ready + `"
sleep 1
insmod /stacksweep_lp_patch.ko
n=0
while [ $n -lt ` + strconv.Itoa(seconds) + ` ]; do
	t=$(cat $P/transition)
	echo "lp: after $n s: transition $t, patch_state $(cat /proc/$PID/patch_state), $(cat /proc/stacksweep_lp)"
	[ $t = 0 ] && break
	sleep 1
	n=$((n+1))
done
sleep 2
echo "lp: 2 s later: transition $(cat $P/transition), $(cat /proc/stacksweep_lp)"
echo stop > /proc/stacksweep_lp
sleep 2
echo "lp: told to stop: transition $(cat $P/transition), $(cat /proc/stacksweep_lp)"
echo "lp: ` + over + `"
poweroff -f
`
}

const (
	ready = "about to patch"
	over  = "over"
	wait  = 3 * time.Minute
)

// Show boots a kernel and lets it patch itself.
func Show(ctx context.Context, k *kernel.Kernel, bootable string, modules []boot.File, c Case) (*Report, error) {
	layout, err := k.LiveLayout()
	if err != nil {
		return nil, err
	}
	if layout.ReliableWalk == 0 {
		return nil, fmt.Errorf("%s has no reliable unwinder", k.Image().Name)
	}
	report := &Report{}
	busybox, err := boot.Busybox(ctx)
	if err != nil {
		return nil, err
	}
	m, err := boot.Start(ctx, boot.Config{Kernel: bootable, Initramfs: boot.Initramfs(busybox, script(c), modules...)})
	if err != nil {
		return nil, err
	}
	defer m.Close()
	if c.Watch {
		if report.Walks, err = watch(ctx, k, layout.ReliableWalk, m); err != nil {
			return nil, err
		}
	}
	if err := m.Console().WaitFor(ctx, "lp: "+over, wait); err != nil {
		return nil, err
	}
	report.read(m.Console().String())
	return report, nil
}

// watch waits until the patch is about to be loaded, and looks on through the GDB stub.
func watch(ctx context.Context, k *kernel.Kernel, walk uint64, m *boot.Machine) ([]Walk, error) {
	if err := m.Console().WaitFor(ctx, "lp: "+ready, wait); err != nil {
		return nil, err
	}
	w := &watcher{kernel: k, walk: walk, console: m.Console()}
	if err := w.find(); err != nil {
		return nil, err
	}
	t, err := remote.Dial(ctx, m.GDB)
	if err != nil {
		return nil, err
	}
	walks, err := w.watch(ctx, t)
	return walks, errors.Join(err, t.Close())
}

// read takes the guest's lines apart.
func (r *Report) read(console string) {
	lines := bufio.NewScanner(strings.NewReader(console))
	for lines.Scan() {
		text, ok := strings.CutPrefix(lines.Text(), "lp: ")
		if !ok || strings.HasPrefix(text, "symbol ") || text == ready || text == over {
			continue
		}
		r.Lines = append(r.Lines, text)
		if strings.Contains(text, "transition 0") && strings.Contains(text, "old lp_outer runs: 1") {
			r.Finished = true
			r.Mixed = r.Mixed || !strings.Contains(text, "by it: 0")
		}
	}
}

// watcher looks at the stack traces that live patching takes of a task.
type watcher struct {
	kernel  *kernel.Kernel
	console *boot.Console
	walk    uint64 // stack_trace_save_tsk_reliable
	task    uint64
	symbols []symbol // of the module, by address
}

type symbol struct {
	addr   uint64
	name   string
	module string // in brackets
}

// find reads from the console which task it is, and where the module's functions are.
func (w *watcher) find() error {
	for line := range strings.Lines(w.console.String()) {
		if _, text, ok := strings.Cut(line, "lp: task "); ok {
			w.task, _ = strconv.ParseUint(strings.TrimSpace(text), 16, 64)
		}
		if text, ok := strings.CutPrefix(line, "lp: symbol "); ok {
			f := strings.Fields(text)
			if len(f) < 4 {
				continue
			}
			addr, err := strconv.ParseUint(f[0], 16, 64)
			if err != nil {
				return err
			}
			w.symbols = append(w.symbols, symbol{addr, f[2], f[3]})
		}
	}
	slices.SortFunc(w.symbols, func(a, b symbol) int {
		if a.addr < b.addr {
			return -1
		}
		return 1
	})
	if w.task == 0 || len(w.symbols) == 0 {
		return errors.New("the guest hasn't told which task runs in the module")
	}
	return nil
}

// name names an address, of the module's too.
func (w *watcher) name(addr uint64) string {
	const size = 0x200 // more than any function of the module has
	for i := len(w.symbols) - 1; i >= 0; i-- {
		if s := w.symbols[i]; addr >= s.addr && addr-s.addr < size {
			return image.Place(s.name, addr-s.addr) + " " + s.module
		}
	}
	return w.kernel.Image().Symbols.Name(addr)
}

// watch notes walks of the task until one is reliable and lacks lp_outer, or none comes any more.
func (w *watcher) watch(ctx context.Context, t *remote.Target) (walks []Walk, err error) {
	deadline := time.Now().Add(wait)
	for time.Now().Before(deadline) && len(walks) < seconds {
		at, err := t.RunTo(ctx, w.walk, 90*time.Second, func(r *emu.Regs) bool { return r.X[0] == w.task })
		if errors.Is(err, remote.ErrTimeout) || errors.Is(err, remote.ErrGone) {
			return walks, nil
		}
		if err != nil {
			return walks, err
		}
		store, back := at.X[1], at.X[30]
		end, err := t.RunTo(ctx, back&^(0x7f<<56)|0xff<<56, wait, func(r *emu.Regs) bool { return r.SP == at.SP })
		if err != nil {
			return walks, err
		}
		walk := Walk{Error: int64(int32(end.X[0]))}
		if n := walk.Error; n >= 0 && n <= 512 {
			walk.Error = 0
			p := make([]byte, 8*n)
			if err := t.Read(store, p); err != nil {
				return walks, err
			}
			for i := range n {
				walk.Frames = append(walk.Frames, w.name(binary.LittleEndian.Uint64(p[8*i:])))
			}
		}
		walks = append(walks, walk)
		if walk.Error == 0 && !slices.ContainsFunc(walk.Frames, func(f string) bool {
			return strings.HasPrefix(f, "lp_outer+")
		}) {
			return walks, nil
		}
	}
	return walks, nil
}
