// SPDX-License-Identifier: GPL-2.0-only

package boot

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"time"
)

// ErrNoQEMU says that there is no QEMU to boot a kernel with.
var ErrNoQEMU = errors.New("qemu-system-aarch64 is not installed (Debian: apt-get install qemu-system-arm)")

const program = "qemu-system-aarch64"

// Available returns ErrNoQEMU if there is no QEMU.
func Available() error {
	if _, err := exec.LookPath(program); err != nil {
		return ErrNoQEMU
	}
	return nil
}

// A Config is a machine to be booted.
type Config struct {
	Kernel    string // file: a flat Image
	Initramfs []byte
	CPUs      int    // 0: one
	Stopped   bool   // before the first instruction, until a debugger lets it go
	GDB       string // loopback TCP address for the GDB stub; "": a socket in a folder of this process's
	Append    string // more for the kernel's command line
}

// A Machine is a running QEMU. Close must be called to end it.
type Machine struct {
	GDB     string // address of the GDB stub, for remote.Dial: host:port, or the path of a socket
	Command string // what was started, for a shell
	cmd     *exec.Cmd
	dir     string
	console *Console
	done    chan struct{}
	err     error // of QEMU, once done is closed
}

// commandLine is what the kernel is told: console and script, addresses as they were linked, and no second try after a
// panic.
const commandLine = "console=ttyAMA0 rdinit=/init nokaslr panic=-1 loglevel=4"

// Start boots a machine. Its stub is listening when Start returns.
func Start(ctx context.Context, c Config) (*Machine, error) {
	if err := Available(); err != nil {
		return nil, err
	}
	dir, err := os.MkdirTemp("", "stacksweep-boot")
	if err != nil {
		return nil, err
	}
	m := &Machine{dir: dir, console: newConsole(), done: make(chan struct{})}
	if err := m.start(c); err != nil {
		os.RemoveAll(dir)
		return nil, err
	}
	if err := m.waitForStub(ctx); err != nil {
		m.Close()
		return nil, err
	}
	return m, nil
}

func (m *Machine) start(c Config) error {
	initrd := filepath.Join(m.dir, "initramfs")
	if err := os.WriteFile(initrd, c.Initramfs, 0o600); err != nil {
		return err
	}
	m.GDB = c.GDB
	stub := "tcp:" + c.GDB
	if c.GDB == "" {
		m.GDB = filepath.Join(m.dir, "gdb")
		stub = "unix:" + m.GDB + ",server=on,wait=off"
	} else if err := checkLoopback(c.GDB); err != nil {
		return err
	}
	args := []string{
		"-M", "virt,gic-version=3", "-cpu", "max,pauth-impdef=on", "-smp", fmt.Sprint(max(1, c.CPUs)), "-m", "1G",
		"-display", "none", "-monitor", "none", "-serial", "stdio", "-nic", "none", "-no-reboot", "-gdb", stub,
		"-kernel", c.Kernel, "-initrd", initrd, "-append", strings.TrimSpace(commandLine + " " + c.Append),
	}
	if c.Stopped {
		args = append(args, "-S")
	}
	m.cmd = exec.Command(program, args...)
	m.Command = program + " " + strings.Join(args, " ")
	m.cmd.Stdout, m.cmd.Stderr = m.console, m.console
	// Ctrl-C in the terminal is for us; QEMU ends when we do, however that comes about.
	m.cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
	if err := m.cmd.Start(); err != nil {
		return err
	}
	go func() {
		m.err = m.cmd.Wait()
		m.console.end()
		close(m.done)
	}()
	return nil
}

// checkLoopback refuses an address that other machines can reach.
func checkLoopback(address string) error {
	a, err := net.ResolveTCPAddr("tcp", address)
	if err != nil {
		return err
	}
	if !a.IP.IsLoopback() {
		return fmt.Errorf("%s is not a loopback address", address)
	}
	return nil
}

// stubTimeout is how long QEMU may take to listen.
const stubTimeout = 10 * time.Second

// waitForStub waits until the stub listens. It isn't connected to, which would stop the machine.
func (m *Machine) waitForStub(ctx context.Context) error {
	deadline := time.After(stubTimeout)
	for {
		if listens(m.GDB) {
			return nil
		}
		select {
		case <-m.done:
			return fmt.Errorf("QEMU has ended: %s", m.console.lastLine())
		case <-ctx.Done():
			return ctx.Err()
		case <-deadline:
			return fmt.Errorf("QEMU's GDB stub doesn't listen at %s", m.GDB)
		case <-time.After(10 * time.Millisecond):
		}
	}
}

// listens reports whether a stub listens at an address.
func listens(address string) bool {
	if strings.HasPrefix(address, "/") {
		_, err := os.Stat(address)
		return err == nil
	}
	l, err := net.Listen("tcp", address)
	if err != nil {
		return true
	}
	l.Close()
	return false
}

// Done is closed when QEMU has ended.
func (m *Machine) Done() <-chan struct{} { return m.done }

// Console is what the guest has printed.
func (m *Machine) Console() *Console { return m.console }

// Close ends the machine, and waits until it is gone.
func (m *Machine) Close() error {
	if m.cmd != nil && m.cmd.Process != nil {
		_ = m.cmd.Process.Kill()
		<-m.done
	}
	return os.RemoveAll(m.dir)
}

// A Console collects what a guest prints. It may be used by several goroutines.
type Console struct {
	mu      sync.Mutex
	text    []byte
	changed chan struct{} // closed at the next change
	ended   bool
	mirror  io.Writer
}

func newConsole() *Console { return &Console{changed: make(chan struct{})} }

// maxConsole is how much of it is kept.
const maxConsole = 16 << 20

// Write implements io.Writer.
func (c *Console) Write(p []byte) (int, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.text) < maxConsole {
		c.text = append(c.text, bytes.ReplaceAll(p, []byte("\r"), nil)...)
	}
	if c.mirror != nil {
		_, _ = c.mirror.Write(p)
	}
	c.wake()
	return len(p), nil
}

func (c *Console) wake() {
	close(c.changed)
	c.changed = make(chan struct{})
}

func (c *Console) end() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.ended = true
	c.wake()
}

// MirrorTo copies what is printed from now on.
func (c *Console) MirrorTo(w io.Writer) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.mirror = w
}

// String is all that was printed.
func (c *Console) String() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return string(c.text)
}

// lastLine is the last line that says something.
func (c *Console) lastLine() string {
	lines := strings.Split(strings.TrimSpace(c.String()), "\n")
	return lines[len(lines)-1]
}

// WaitFor waits until a text was printed. The error says what the last line was if that doesn't happen.
func (c *Console) WaitFor(ctx context.Context, text string, wait time.Duration) error {
	deadline := time.After(wait)
	for {
		c.mu.Lock()
		found, ended, changed := bytes.Contains(c.text, []byte(text)), c.ended, c.changed
		c.mu.Unlock()
		switch {
		case found:
			return nil
		case ended:
			return fmt.Errorf("the guest has ended before it printed %q; its last line: %s", text, c.lastLine())
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return ctx.Err()
		case <-deadline:
			return fmt.Errorf("the guest hasn't printed %q within %v; its last line: %s", text, wait, c.lastLine())
		}
	}
}
