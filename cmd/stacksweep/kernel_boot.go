// SPDX-License-Identifier: GPL-2.0-only

package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"net"
	"os"
	"strings"
	"time"

	"stacksweep/image"
	"stacksweep/internal/boot"
	"stacksweep/internal/catalog"
	"stacksweep/internal/debian"
	"stacksweep/internal/kernels"
	"stacksweep/internal/live"
	"stacksweep/internal/shell"
	"stacksweep/scenarios/kernel"
)

const kernelBootNote = `
The kernel finds Debian's busybox and nothing else: no disk, no network, no file of this machine. vfs_read() is
graph-traced, or what -trace and -kretprobe say, and read again and again. Ctrl-C ends the machine.
`

type kernelBoot struct {
	listen           string
	cpus             int
	console, stopped bool
	trace, kretprobe string
}

func (k *kernelBoot) register(fs *flag.FlagSet) {
	fs.StringVar(&k.listen, "listen", "127.0.0.1:0", "loopback `address` of the GDB stub; port 0 takes a free one")
	fs.IntVar(&k.cpus, "cpus", 1, "`number` of CPUs")
	fs.BoolVar(&k.console, "console", false, "show what the kernel prints")
	fs.BoolVar(&k.stopped, "S", false, "stop before the first instruction")
	fs.StringVar(&k.trace, "trace", "vfs_read", "`function` to be graph-traced; empty: none")
	fs.StringVar(&k.kretprobe, "kretprobe", "", "`function` to put a kretprobe on")
}

func (k *kernelBoot) run(ctx context.Context, c *cli, args []string) error {
	if len(args) != 1 {
		return usagef("for example: stacksweep kernel boot 7.3", "kernel boot takes a kernel of the cache, or an Image")
	}
	if k.cpus < 1 || k.cpus > 8 {
		return usagef("", "-cpus %d: 1 to 8", k.cpus)
	}
	if err := boot.Available(); err != nil {
		return fmt.Errorf("SKIP kernel boot: %w: %w", err, errNothing)
	}
	_, file, err := kernelFile(args[0])
	if err != nil {
		return err
	}
	bootable, remove, err := bootableOf(file)
	if err != nil {
		return err
	}
	defer remove()
	address, err := freeAddress(k.listen)
	if err != nil {
		return usagef("from another machine, use ssh -L", "-listen %s: %v", k.listen, err)
	}
	fmt.Fprintf(c.stderr, "an initial file system of Debian's busybox for arm64: what is not in the cache is fetched\n")
	busybox, err := boot.Busybox(ctx)
	if errors.Is(err, debian.ErrUnavailable) {
		return fmt.Errorf("SKIP kernel boot: %w: %w", err, errNothing)
	}
	if err != nil {
		return err
	}
	fmt.Fprintf(c.stderr, "booting %s, CPUs: %d\n", file, k.cpus)
	started := time.Now()
	m, err := boot.Start(ctx, boot.Config{
		Kernel: bootable, Initramfs: boot.Initramfs(busybox, live.Script(k.trace, k.kretprobe)), CPUs: k.cpus,
		Stopped: k.stopped, GDB: address,
	})
	if err != nil {
		return err
	}
	defer m.Close()
	if k.console {
		m.Console().MirrorTo(c.stdout)
	}
	if !k.stopped {
		if err := m.Console().WaitFor(ctx, live.Ready, live.BootWait); err != nil {
			if ctx.Err() != nil {
				return nil
			}
			return err
		}
		fmt.Fprintf(c.stderr, "booted and tracing after %.1f s\n", time.Since(started).Seconds())
	}
	fmt.Fprintf(c.stderr, "the GDB stub is at %s; Ctrl-C ends the machine. In another terminal:\n", m.GDB)
	fmt.Fprintf(c.stderr, "stacksweep record -gdb %s -kernel %s -o read.rec\n", m.GDB, shell.Quote(args[0]))
	select {
	case <-ctx.Done():
		fmt.Fprintln(c.stderr, "the machine is ended")
		return nil
	case <-m.Done():
		lines := strings.Split(strings.TrimSpace(m.Console().String()), "\n")
		return fmt.Errorf("the machine has ended by itself; its last line: %s", lines[len(lines)-1])
	}
}

// bootableOf makes a file that can be booted of a kernel's file. remove deletes it.
func bootableOf(file string) (bootable string, remove func(), err error) {
	folder, err := os.MkdirTemp("", "stacksweep-image")
	if err != nil {
		return "", nil, err
	}
	remove = func() { os.RemoveAll(folder) }
	if bootable, err = boot.Bootable(file, folder); err != nil {
		remove()
		return "", nil, usagef("", "%v", err)
	}
	return bootable, remove, nil
}

// freeAddress puts a free port in place of port 0.
func freeAddress(address string) (string, error) {
	l, err := net.Listen("tcp", address)
	if err != nil {
		return "", err
	}
	defer l.Close()
	a, ok := l.Addr().(*net.TCPAddr)
	if !ok || !a.IP.IsLoopback() {
		return "", errors.New("not a loopback address")
	}
	return a.String(), nil
}

// kernelFile reads a kernel of the cache, or an Image or vmlinux, and says which file it is.
func kernelFile(name string) (*kernel.Kernel, string, error) {
	if _, err := os.Stat(name); err == nil {
		im, err := image.Load(name)
		if err != nil {
			return nil, "", unusable(err)
		}
		k, err := kernel.New(catalog.UserKernel, im)
		if err != nil {
			return nil, "",
				usagef("an arm64 kernel from 6.1 on is needed, with BTF and the function graph tracer", "%v", err)
		}
		return k, name, nil
	}
	entry, err := kernels.Info(name)
	if err != nil {
		return nil, "", usagef("'stacksweep kernel list' shows what is there", "%v", err)
	}
	k, err := catalog.LoadKernel(entry)
	return k, entry.Image, err
}
