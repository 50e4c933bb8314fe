// SPDX-License-Identifier: GPL-2.0-only

package external

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"sync"
	"syscall"
	"time"
	"unicode"
)

// grace is how long a program has to end by itself when its input ends.
const grace = time.Second

// A program is a running program that reads and writes lines; or none, before start and after stop.
type program struct {
	cmd    *exec.Cmd
	in     *os.File
	out    *os.File
	reader *bufio.Reader
	stderr *tail
}

func (p *program) running() bool { return p.cmd != nil }

// start runs a command in a process group of its own, so that what it starts in turn can be ended with it.
func (p *program) start(c Command) error {
	inRead, in, err := os.Pipe()
	if err != nil {
		return err
	}
	out, outWrite, err := os.Pipe()
	if err != nil {
		return errors.Join(err, inRead.Close(), in.Close())
	}
	stderr := &tail{}
	cmd := exec.Command(c.args[0], c.args[1:]...)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = inRead, outWrite, stderr
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.WaitDelay = grace
	err = cmd.Start()
	inRead.Close()
	outWrite.Close()
	if err != nil {
		in.Close()
		out.Close()
		return err
	}
	*p = program{cmd, in, out, bufio.NewReaderSize(out, MaxAnswer), stderr}
	return nil
}

// ask writes a line and reads one. The answer is valid until the next question. After an error the program has ended.
func (p *program) ask(line []byte, limit time.Duration) ([]byte, error) {
	answer, err := p.exchange(line, limit)
	switch {
	case err == nil:
		return answer, nil
	case errors.Is(err, os.ErrDeadlineExceeded):
		p.kill()
		return nil, p.withStderr(fmt.Sprintf("no answer within %v", limit))
	case errors.Is(err, bufio.ErrBufferFull):
		p.kill()
		return nil, p.withStderr(fmt.Sprintf("an answer of more than %d bytes", MaxAnswer))
	}
	// Its output or its input is closed: it has ended, or is about to.
	status := p.stop()
	if len(answer) > 0 {
		return nil, p.withStderr("it ended in the middle of an answer: " + status)
	}
	return nil, p.withStderr("it ended without an answer: " + status)
}

func (p *program) exchange(line []byte, limit time.Duration) ([]byte, error) {
	deadline := time.Now().Add(limit)
	if err := errors.Join(p.in.SetWriteDeadline(deadline), p.out.SetReadDeadline(deadline)); err != nil {
		return nil, err
	}
	if _, err := p.in.Write(line); err != nil {
		return nil, err
	}
	return p.reader.ReadSlice('\n')
}

// stop ends the program's input and waits for it to end; if it doesn't, it is killed. It returns how the program ended.
func (p *program) stop() (status string) {
	if !p.running() {
		return ""
	}
	p.in.Close()
	kill := time.AfterFunc(grace, p.signal(syscall.SIGKILL))
	defer kill.Stop()
	return p.reap()
}

// kill ends the program at once.
func (p *program) kill() {
	p.in.Close()
	p.signal(syscall.SIGKILL)()
	p.reap()
}

// signal returns a function that sends a signal to the program and all that it has started.
func (p *program) signal(sig syscall.Signal) func() {
	group := -p.cmd.Process.Pid
	return func() { syscall.Kill(group, sig) }
}

func (p *program) reap() (status string) {
	p.cmd.Wait()
	status = p.cmd.ProcessState.String()
	p.out.Close()
	p.cmd = nil
	return status
}

// withStderr makes an error of a message and the last that the program, which has ended, wrote to stderr.
func (p *program) withStderr(message string) error {
	if said := oneLine(p.stderr.String()); said != "" {
		return fmt.Errorf("%s: %s", message, said)
	}
	return errors.New(message)
}

// tail is a writer that keeps the last bytes written to it.
type tail struct {
	mu   sync.Mutex
	last []byte
}

// tailSize is how many bytes a tail keeps.
const tailSize = 512

func (t *tail) Write(b []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.last = append(t.last, b...)
	if extra := len(t.last) - tailSize; extra > 0 {
		t.last = bytes.Clone(t.last[extra:])
	}
	return len(b), nil
}

func (t *tail) String() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return string(t.last)
}

var _ io.Writer = (*tail)(nil)

// oneLine makes text of a foreign program fit for a line of a report.
func oneLine(text string) string {
	text = strings.Map(func(r rune) rune {
		if unicode.IsPrint(r) {
			return r
		}
		return ' '
	}, strings.ToValidUTF8(text, "?"))
	text = strings.Join(strings.Fields(text), " ")
	if len(text) > tailSize {
		text = strings.ToValidUTF8(text[:tailSize], "") + "…"
	}
	return text
}
