// SPDX-License-Identifier: GPL-2.0-only

package external

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"runtime"
	"time"

	"stacksweep/unwind"
)

// MaxFailures is how many points in a row a program may fail at before the walker gives up.
const MaxFailures = 3

// Options say what a walker tells its program, and how patient it is.
type Options struct {
	Image Image
	// ELF is the contents of the image's file, where there is no such file: it is written to one in the user's cache
	// folder, and Image.Path is set to that.
	ELF    []byte
	Memory []unwind.Range // what may be read besides the task's stacks; ranges that are part of them are no matter
	// Start and Answer are how long the program may take to answer the hello and a point.
	// Zero means a minute, since debuggers read large files first, and five seconds.
	Start, Answer time.Duration
	// Waiting is called, from another goroutine, if the program hasn't answered the hello after Patience, and may take
	// until Start. It may be nil; zero means three seconds.
	Waiting  func(waited, limit time.Duration)
	Patience time.Duration
}

// A Walker has an unwinder outside this program walk stacks. It needs [unwind.Task.Interrupted].
//
// At an exception the program is asked to begin with the interrupted PC; the frame of the exception entry code, which
// the kernel's own unwinders report first, is put before its answer.
//
// The program is started at the first walk and ended by Close, or when the Walker is garbage. A Walker is for one
// run: its tasks have the same stacks.
type Walker struct {
	command Command
	options Options
	program *program
	welcome Welcome
	memory  snapshot
	line    bytes.Buffer
	asked   int64 // points, to tell answers apart

	failures int   // in a row
	silent   bool  // the program has let the time pass in which it is to answer the first message
	gaveUp   error // why no program will be started any more
	closed   bool
}

var (
	_ unwind.Walker = (*Walker)(nil)
	_ io.Closer     = (*Walker)(nil)
)

// New returns a walker that will run the command.
func New(c Command, o Options) *Walker {
	if o.Start == 0 {
		o.Start = time.Minute
	}
	if o.Answer == 0 {
		o.Answer = 5 * time.Second
	}
	if o.Patience == 0 {
		o.Patience = 3 * time.Second
	}
	w := &Walker{command: c, options: o, program: &program{}, memory: snapshot{extra: o.Memory}}
	runtime.AddCleanup(w, func(p *program) { p.stop() }, w.program)
	return w
}

// Name implements [unwind.Walker].
func (w *Walker) Name() string { return w.command.Name() }

// Close ends the program. It returns why the walker gave up, if it did. Afterwards the walker refuses to walk.
func (w *Walker) Close() error {
	w.program.stop()
	w.closed = true
	return w.gaveUp
}

// Walk implements [unwind.Walker].
func (w *Walker) Walk(task *unwind.Task, t *unwind.Trace) {
	t.Reset()
	if w.gaveUp != nil {
		t.Failure = foreign(w.gaveUp)
		return
	}
	if w.closed {
		t.Failure = foreign(errors.New("the walker is closed"))
		return
	}
	if task.Interrupted == nil {
		t.Failure = foreign(errors.New("the point has no registers to hand over"))
		return
	}
	answer, err := w.ask(task)
	if err != nil {
		w.failed(err)
		t.Failure = foreign(err)
		return
	}
	w.failures = 0
	report(answer, task, t)
}

// failed notes a failure of the program and, when there are too many, gives up.
func (w *Walker) failed(err error) {
	w.program.stop()
	w.failures++
	switch {
	case w.silent: // each further try would take as long
		w.gaveUp = fmt.Errorf("%s: gave up, since it doesn't answer the first message: %w", w.command.args[0], err)
	case w.failures == MaxFailures:
		w.gaveUp = fmt.Errorf("%s: gave up after %d failures in a row: %w", w.command.args[0], MaxFailures, err)
	}
}

// ask shows a point to the program, which is started if it isn't running.
func (w *Walker) ask(task *unwind.Task) (Answer, error) {
	if !w.program.running() {
		if err := w.start(); err != nil {
			return Answer{}, err
		}
	}
	memory, err := w.memory.update(task, w.welcome.KeepsMemory)
	if err != nil {
		return Answer{}, err
	}
	w.asked++
	line, err := w.say(w.point(task, memory), w.options.Answer)
	if err != nil {
		return Answer{}, err
	}
	return decodeAnswer(line, w.asked)
}

// start starts the program and greets it.
func (w *Walker) start() error {
	if w.options.ELF != nil {
		path, err := imageFile(w.options.ELF)
		if err != nil {
			return err
		}
		w.options.Image.Path = path
	}
	if err := w.program.start(w.command); err != nil {
		return err
	}
	w.memory.forget()
	begun := time.Now()
	if o := &w.options; o.Waiting != nil && o.Patience < o.Start {
		defer time.AfterFunc(o.Patience, func() { o.Waiting(o.Patience, o.Start) }).Stop()
	}
	line, err := w.say(Hello{
		Type: "hello", Protocol: Protocol, Version: Version, Arch: "aarch64", ByteOrder: "little",
		Image: w.options.Image,
	}, w.options.Start)
	if err != nil {
		w.silent = time.Since(begun) >= w.options.Start
		return err
	}
	w.welcome, err = decodeWelcome(line)
	return err
}

// say writes a message to the program and reads a line.
func (w *Walker) say(message any, limit time.Duration) ([]byte, error) {
	w.line.Reset()
	if err := json.NewEncoder(&w.line).Encode(message); err != nil {
		return nil, err
	}
	return w.program.ask(w.line.Bytes(), limit)
}

// point describes the task's moment.
func (w *Walker) point(task *unwind.Task, memory []Bytes) *Point {
	regs := task.Interrupted
	p := &Point{
		Type: "point", ID: w.asked, Kind: kind(task),
		Regs:  Registers{SP: Hex(regs.SP), PC: Hex(regs.PC)},
		Start: Start{PC: Hex(task.Start.PC), FP: Hex(task.Start.FP)},
		Task:  Hex(task.Struct), PtRegs: Hex(task.PtRegs),
		Memory: memory,
	}
	for i, x := range regs.X {
		p.Regs.X[i] = Hex(x)
	}
	for _, s := range task.Stacks {
		p.Stacks = append(p.Stacks, Stack{Name: s.Name, Low: Hex(s.Low), High: Hex(s.High)})
	}
	return p
}

// kind tells how a task came to be walked. Without an exception the walk starts in the context itself; with one it
// starts in the exception entry code, whose frame record lies in the pt_regs.
func kind(task *unwind.Task) Kind {
	switch {
	case task.Start.PC != task.Interrupted.PC || task.Start.FP != task.Interrupted.X[29]:
		return Exception
	case task.Start.Kind == unwind.FromBlocked:
		return Blocked
	}
	return Call
}

// report fills a trace with an answer.
func report(a Answer, task *unwind.Task, t *unwind.Trace) {
	if len(a.Frames) > MaxFrames {
		t.Failure = unwind.Failure{Reason: unwind.TooManyFrames, Detail: fmt.Sprintf("%d frames", len(a.Frames))}
		return
	}
	if kind(task) == Exception {
		t.Add(unwind.Frame{PC: task.Start.PC, Source: unwind.FromStart})
	}
	for _, pc := range a.Frames {
		t.Add(unwind.Frame{PC: uint64(pc), Source: unwind.FromForeign})
	}
	t.Reliable = a.Reliable
	if !a.Reliable {
		t.Failure = foreign(errors.New(oneLine(a.Error)))
	}
}

func foreign(err error) unwind.Failure {
	return unwind.Failure{Reason: unwind.ForeignFailure, Detail: err.Error()}
}
