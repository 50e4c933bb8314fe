// SPDX-License-Identifier: GPL-2.0-only

package live

import "fmt"

// A kind is a thing to be recorded of any kernel.
type kind struct {
	name, variant, doc string
	script             string // to be run in the guest after tracefs is mounted; then it says that it is ready
	loop               string // what it does for ever afterwards
	busy               string // a command for each CPU that wants it all the time; "": none
	call               uint64 // the system call to be recorded
	due, interrupt     string // symbols: see Plan
}

// A task that is stepped takes much of the guest's time: where the scheduler has to take the CPU away from it, the
// other task must be as important; where it only has to come back, less so.
const (
	rival  = "sh -c 'while :; do :; done' &\n"
	modest = "nice -n 19 " + rival
)

// The scripts run in /sys/kernel/tracing.
const (
	traceRead  = "echo vfs_read > set_ftrace_filter\necho function_graph > current_tracer\n"
	traceSleep = "echo hrtimer_nanosleep > set_ftrace_filter\necho function_graph > current_tracer\n"
	traceCall  = "echo __arm64_sys_clock_nanosleep > set_ftrace_filter\necho function_graph > current_tracer\n"
	probeRead  = "echo 'r:p vfs_read' > kprobe_events\necho 1 > events/kprobes/p/enable\n"
	probeSleep = "echo 'r:p hrtimer_nanosleep' > kprobe_events\necho 1 > events/kprobes/p/enable\n"

	readForever  = "while :; do read x < /proc/version; done\n"
	sleepForever = "while :; do sleep 0.02; done\n"
)

// kinds lists what is recorded of a kernel that has some pairs, with one CPU; with two it is the same.
func kinds(pairs []Pair) []kind {
	all := []kind{
		{name: "fgraph-return", variant: "plain",
			doc:    "a traced vfs_read() returns, with the function graph tracer's own callbacks",
			script: traceRead, loop: readForever, call: sysRead},
		{name: "fgraph-return", variant: "resched",
			doc:    "a reschedule becomes due in the return handler: the task is switched out there, and walked",
			script: traceRead, loop: readForever, busy: rival, call: sysRead, due: "ftrace_return_to_handler"},
		{name: "fgraph-return", variant: "irq", doc: "a timer interrupt arrives in the return handler",
			script: traceRead, loop: readForever, busy: modest, call: sysRead, interrupt: "ftrace_return_to_handler"},
		{name: "fgraph-asleep", variant: "plain", doc: "a task sleeps in a traced function, and is walked",
			script: traceSleep, loop: sleepForever, call: sysClockNanosleep},
		{name: "kretprobe", variant: "plain", doc: "vfs_read() with a kretprobe, from entry to return",
			script: probeRead, loop: readForever, call: sysRead},
		{name: "kretprobe", variant: "asleep", doc: "a task sleeps in a function with a kretprobe, and is walked",
			script: probeSleep, loop: sleepForever, call: sysClockNanosleep},
	}
	for _, p := range pairs {
		if p.Command != "" {
			all = append(all, inside(p)...)
		}
	}
	return append(all, kind{
		name: "kretprobe-in-fgraph", variant: "asleep",
		doc: "__arm64_sys_clock_nanosleep() is graph-traced; a task sleeps below it, in a function with a kretprobe, " +
			"and is walked",
		script: probeSleep + traceCall, loop: sleepForever, call: sysClockNanosleep,
	})
}

// body is the whole script of a kind. What is busy stays on its CPU: else the task may have one to itself, and two
// share the other.
func (k *kind) body(cpus int) string {
	script := "cd /sys/kernel/tracing\n"
	for cpu := range cpus {
		if k.busy != "" {
			script += fmt.Sprintf("taskset %x %s", 1<<cpu, k.busy)
		}
	}
	return script + k.script + "echo 1 > tracing_on\necho " + Ready + "\n" + k.loop
}

// inside are the kinds in which a kretprobe is on the function that a traced one branches to, in the middle of a file's
// read: from entry to return, and with the task switched out there.
func inside(p Pair) []kind {
	k := kind{
		name: "kretprobe-in-fgraph", variant: p.Outer,
		doc: fmt.Sprintf("%s() is graph-traced and branches to %s(), which has a kretprobe", p.Outer, p.Inner),
		script: fmt.Sprintf("echo 'r:p %s' > kprobe_events\necho 1 > events/kprobes/p/enable\necho %s "+
			"> set_ftrace_filter\necho function_graph > current_tracer\n", p.Inner, p.Outer),
		loop: fmt.Sprintf("while :; do %s; done\n", p.Command),
		call: sysRead,
	}
	if p.Callee == "" {
		return []kind{k}
	}
	out := k
	out.variant += "-resched"
	out.doc += "; the task is switched out in that, and walked"
	out.busy, out.due = rival, p.Callee
	return []kind{k, out}
}

// Script is what init does that reads a file again and again, with a function graph-traced and a kretprobe on one; ""
// is none.
func Script(traced, probed string) string {
	k := kind{loop: readForever}
	if probed != "" {
		k.script += fmt.Sprintf("echo 'r:p %s' > kprobe_events\necho 1 > events/kprobes/p/enable\n", probed)
	}
	if traced != "" {
		k.script += fmt.Sprintf("echo %s > set_ftrace_filter\necho function_graph > current_tracer\n", traced)
	}
	return k.body(1)
}
