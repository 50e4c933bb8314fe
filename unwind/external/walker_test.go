// SPDX-License-Identifier: GPL-2.0-only

package external

import (
	"encoding/binary"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"stacksweep/unwind"
)

// ram is memory of one stack, at base.
type ram []byte

const base = 0x1000

func (m ram) Word(addr uint64) (uint64, bool) {
	if addr < base || addr+8 > base+uint64(len(m)) {
		return 0, false
	}
	return binary.LittleEndian.Uint64(m[addr-base:]), true
}

// callTask is a task that has called the unwinder: its return address is 0x500.
func callTask(m ram) *unwind.Task {
	return &unwind.Task{
		Mem:         m,
		Start:       unwind.Start{PC: 0x500, FP: base},
		Stacks:      []unwind.Stack{{Name: "task stack", Low: base, High: base + uint64(len(m))}},
		Interrupted: &unwind.Registers{X: [31]uint64{29: base}, SP: base, PC: 0x500},
	}
}

// interruptedTask is a task that was interrupted at 0x500; the exception's frame is at 0x900.
func interruptedTask(m ram) *unwind.Task {
	task := callTask(m)
	task.Start = unwind.Start{PC: 0x900, FP: base + 8}
	return task
}

// TestPrograms has programs that behave and others that don't, and says what happens to each of their points. Between
// points that a program fails at it is started again, so that its script begins anew.
func TestPrograms(t *testing.T) {
	late := Options{Answer: 200 * time.Millisecond}
	for _, test := range []struct {
		script  string
		options Options
		want    []string // per point: "ok", or a part of the failure
		closing string   // part of Close's error
	}{
		{script: "hello answer", want: []string{"ok", "ok", "ok", "ok"}},
		{script: "hello unsure answer", want: []string{"no idea", "ok"}},
		{script: "hello unsure", want: []string{"no idea", "no idea", "no idea", "no idea", "no idea"}},
		{script: `hello say={"id":ID}`, want: []string{"doesn't say why"}},
		{script: "hello frames=1024", want: []string{"ok"}},
		{script: "hello frames=1025 answer", want: []string{"too many frames: 1025 frames", "ok"}},
		{script: "hello answer exit", want: []string{"ok", "ended without an answer: exit status 3: out of ideas", "ok",
			"exit status 3", "ok", "exit", "ok", "exit"}},
		{script: "hello exit", want: []string{"exit status 3", "exit status 3", "exit status 3",
			"gave up after 3 failures in a row: it ended without"}, closing: "exit status 3"},
		{script: "exit", want: []string{"exit status 3"}},
		{script: "hello crash", want: []string{"exit status 2: "}},
		{script: "hello hang", options: late, want: []string{"no answer within 200ms"}},
		{script: "hang", options: Options{Start: 200 * time.Millisecond}, want: []string{"no answer within 200ms",
			"gave up, since it doesn't answer the first message"}, closing: "no answer within 200ms"},
		{script: "hello deaf", options: late, want: []string{"ok", "no answer within 200ms", "ok"}},
		{script: "hello close", want: []string{"ended without an answer: signal: killed"}},
		{script: "hello partial", want: []string{"ended in the middle of an answer: exit status 0"}},
		{script: "hello long", want: []string{"an answer of more than 65536 bytes"}},
		{script: "version=2", want: []string{"version 2 of protocol stacksweep-walker, not 1"}},
		{script: `say={"type":"hello","protocol":"other","version":1}`,
			want: []string{"no hello of protocol stacksweep-walker"}},
		{script: "say=ready.", want: []string{`its first line "ready.\n": invalid character`}},
		{script: "hello say=bla answer", want: []string{`its answer "bla\n": invalid character`, `"bla\n"`, "bla",
			"gave up"}, closing: "invalid character"},
		{script: `hello say={"id":77,"reliable":true}`, want: []string{"its answer is to point 77, not 1"}},
		{script: `hello say={"id":ID,"reliable":true,"error":"e"}`, want: []string{"reliable, but has an error"}},
		{script: `hello say={"id":ID,"frames":[5]}`, want: []string{"cannot unmarshal number"}},
		{script: `hello say={"id":ID,"frames":["5"]}`, want: []string{`"5" is not an address`}},
		{script: `hello say={"id":ID,"frames":["0x10000000000000000"]}`, want: []string{`is not an address`}},
		{script: `hello say={"id":ID,"frames":["0x1"]}x`, want: []string{"invalid character 'x' after"}},
	} {
		t.Run(strings.ReplaceAll(test.script, "/", "_"), func(t *testing.T) {
			t.Parallel()
			w := New(fakeCommand(t, test.script), test.options)
			var trace unwind.Trace
			for i, want := range test.want {
				w.Walk(callTask(make(ram, 128<<10)), &trace) // more than a pipe holds
				if want == "ok" {
					if !trace.Reliable || trace.Failure.Failed() {
						t.Errorf("point %d: %+v", i, trace)
					}
					continue
				}
				if got := trace.Failure.Error(); trace.Reliable || !strings.Contains(got, want) ||
					strings.Contains(got, "\n") {
					t.Errorf("point %d: %q, want %q", i, got, want)
				}
			}
			err := w.Close()
			if again := w.Close(); again != err {
				t.Errorf("Close, and again: %v, %v", err, again)
			}
			if (err == nil) != (test.closing == "") || err != nil && !strings.Contains(err.Error(), test.closing) {
				t.Errorf("Close: %v, want %q", err, test.closing)
			}
		})
	}
}

// TestWaiting: a program that takes long to answer the hello is announced, once; one that is quick isn't.
func TestWaiting(t *testing.T) {
	const patience, start = 1500 * time.Millisecond, 2 * time.Second
	for script, want := range map[string][]time.Duration{
		"hang":         {patience, start},
		"hello hang":   nil,
		"hello answer": nil,
	} {
		var told []time.Duration
		var mu sync.Mutex
		w := New(fakeCommand(t, script), Options{
			Start: start, Answer: 200 * time.Millisecond, Patience: patience,
			Waiting: func(waited, limit time.Duration) {
				mu.Lock()
				defer mu.Unlock()
				told = append(told, waited, limit)
			},
		})
		var trace unwind.Trace
		w.Walk(callTask(make(ram, 128)), &trace)
		w.Walk(callTask(make(ram, 128)), &trace)
		_ = w.Close()
		mu.Lock()
		if d := cmp.Diff(want, told); d != "" {
			t.Errorf("%s (-want +got):\n%s", script, d)
		}
		mu.Unlock()
	}
}

// TestFrames holds what a trace is made of: at an exception the walk's start comes first, otherwise not.
func TestFrames(t *testing.T) {
	w := New(fakeCommand(t, "hello answer"), Options{})
	defer w.Close()
	var trace unwind.Trace
	want := []unwind.Frame{{PC: 0x900, Source: unwind.FromStart}, {PC: 0x500, Source: unwind.FromForeign}}
	w.Walk(interruptedTask(make(ram, 128)), &trace)
	if d := cmp.Diff(want, trace.Frames); d != "" {
		t.Errorf("exception (-want +got):\n%s", d)
	}
	w.Walk(callTask(make(ram, 128)), &trace)
	if d := cmp.Diff(want[1:], trace.Frames); d != "" {
		t.Errorf("call (-want +got):\n%s", d)
	}
}

// TestKind tells moments apart.
func TestKind(t *testing.T) {
	blocked := callTask(nil)
	blocked.Start.Kind = unwind.FromBlocked
	inEntry := interruptedTask(nil) // interrupted where the entry code calls its handler
	inEntry.Interrupted.PC = inEntry.Start.PC
	for _, test := range []struct {
		task *unwind.Task
		want Kind
	}{{callTask(nil), Call}, {blocked, Blocked}, {interruptedTask(nil), Exception}, {inEntry, Exception}} {
		if got := kind(test.task); got != test.want {
			t.Errorf("%+v: %s, want %s", test.task.Start, got, test.want)
		}
	}
}

// TestKeptMemory sees what is sent to a program that keeps memory: all, then changes; and all again to its successor.
func TestKeptMemory(t *testing.T) {
	for script, want := range map[string][][]uint64{
		"keeps sizes sizes sizes exit": {{128, 32}, {8, 16}, {}, nil, {128, 32}},
		"hello sizes":                  {{128, 32}, {128, 32}, {128, 32}},
	} {
		w := New(fakeCommand(t, script),
			Options{Memory: []unwind.Range{{Start: base + 8, End: base + 16}, {Start: base + 256, End: base + 288}}})
		defer w.Close()
		mem := make(ram, 288)
		task := callTask(mem)
		task.Stacks[0].High = base + 128
		for i, sizes := range want {
			if i == 1 {
				mem[17], mem[256], mem[271] = 1, 1, 1
			}
			var trace unwind.Trace
			w.Walk(task, &trace)
			var got []uint64
			for _, f := range trace.Frames {
				got = append(got, f.PC)
			}
			if d := cmp.Diff(sizes, got, cmpopts.EquateEmpty()); d != "" || trace.Reliable != (sizes != nil) {
				t.Errorf("%s: point %d: %v (-want +got):\n%s", script, i, trace.Failure, d)
			}
		}
	}
}

// TestELF sees that programs are given a file with the image, whatever was there before.
func TestELF(t *testing.T) {
	cache := t.TempDir()
	t.Setenv("XDG_CACHE_HOME", cache)
	w := New(fakeCommand(t, "file unsure exit"), Options{ELF: []byte("an image")})
	defer w.Close()
	for i := range 3 {
		var trace unwind.Trace
		w.Walk(callTask(make(ram, 128)), &trace)
		if got := trace.Failure.Detail; i != 1 && got != "no idea" {
			t.Error(got)
		}
		files, err := filepath.Glob(cache + "/stacksweep/*")
		if err != nil || len(files) != 1 {
			t.Fatalf("files %v, %v", files, err)
		}
		if i == 1 { // the program has ended; the next one is given a file that was spoilt meanwhile
			if err := os.WriteFile(files[0], []byte("an im"), 0o600); err != nil {
				t.Fatal(err)
			}
		}
	}
}

func TestNothingToShow(t *testing.T) {
	w := New(fakeCommand(t, "hello answer"), Options{})
	defer w.Close()
	var trace unwind.Trace
	task := callTask(make(ram, 128))
	task.Interrupted = nil
	w.Walk(task, &trace)
	if got := trace.Failure.Error(); !strings.Contains(got, "no registers") {
		t.Errorf("without registers: %s", got)
	}
	task = callTask(make(ram, 128))
	task.Mem = make(ram, 24)
	w.Walk(task, &trace)
	if got := trace.Failure.Error(); !strings.Contains(got, "memory at 0x1018 can't be read") {
		t.Errorf("without memory: %s", got)
	}
}

// TestClose sees that no process outlives its walker, closed or forgotten.
func TestClose(t *testing.T) {
	var trace unwind.Trace
	w := New(fakeCommand(t, "hello answer"), Options{})
	w.Walk(callTask(make(ram, 128)), &trace)
	pid := w.program.cmd.Process.Pid
	if err := w.Close(); err != nil {
		t.Error(err)
	}
	if alive(pid) {
		t.Error("the program outlives Close")
	}
	w.Walk(callTask(make(ram, 128)), &trace)
	if got := trace.Failure.Error(); !strings.Contains(got, "closed") {
		t.Errorf("after Close: %s", got)
	}
	if err := New(fakeCommand(t, "exit"), Options{}).Close(); err != nil {
		t.Errorf("Close of a walker that was never used: %v", err)
	}

	w = New(fakeCommand(t, "hello answer"), Options{})
	w.Walk(callTask(make(ram, 128)), &trace)
	pid = w.program.cmd.Process.Pid
	w = nil
	for deadline := time.Now().Add(5 * time.Second); alive(pid); time.Sleep(10 * time.Millisecond) {
		runtime.GC()
		if time.Now().After(deadline) {
			t.Fatal("the program outlives its walker")
		}
	}
}

// alive reports whether a process exists that hasn't ended; one that has may yet wait to be noticed by its parent.
func alive(pid int) bool {
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	return err == nil && !strings.Contains(string(stat), ") Z ")
}
