// SPDX-License-Identifier: GPL-2.0-only

package remote

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strconv"
	"strings"
	"time"
)

// A Target is a stopped machine that a GDB stub controls. It belongs to one goroutine. After an error that isn't a
// refusal of the stub's, it can only be closed.
type Target struct {
	conn      *conn
	registers map[string]register // by upper-case name
	packet    int                 // how many bytes of memory fit into a packet
	threads   bool                // it knows threads, one per CPU
	thread    string              // the one whose registers are shown: of the last stop
	running   bool                // it was let go, and hasn't stopped yet
	breaks    map[uint64]bool     // where breakpoints are
	qemu      bool                // it has QEMU's way to hold interrupts back while stepping
}

// DialTimeout is how long a stub has for an answer while the target is stopped.
const DialTimeout = 10 * time.Second

// Dial connects to a stub at a TCP address, or at the socket of an absolute path, which stops the target.
func Dial(ctx context.Context, address string) (*Target, error) {
	var d net.Dialer
	network := "tcp"
	if strings.HasPrefix(address, "/") {
		network = "unix"
	}
	c, err := d.DialContext(ctx, network, address)
	if err != nil {
		if op := (*net.OpError)(nil); errors.As(err, &op) { // which says the address as well
			err = op.Err
		}
		return nil, fmt.Errorf("%s: %w: %w", address, ErrGone, err)
	}
	t, err := New(ctx, c, DialTimeout)
	if err != nil {
		c.Close()
		return nil, fmt.Errorf("%s: %w", address, err)
	}
	return t, nil
}

// New talks to the stub at the other end of a connection, which the target takes over. timeout is how long an answer
// may take while the target is stopped.
func New(ctx context.Context, c net.Conn, timeout time.Duration) (*Target, error) {
	t := &Target{conn: newConn(c, timeout), breaks: map[uint64]bool{}}
	defer t.conn.guard(ctx)()
	if err := t.greet(); err != nil {
		return nil, orCancelled(ctx, err)
	}
	return t, nil
}

// orCancelled is the context's error if that is why something failed.
func orCancelled(ctx context.Context, err error) error {
	if err != nil && ctx.Err() != nil {
		return ctx.Err()
	}
	return err
}

func (t *Target) greet() error {
	answer, err := t.conn.ask("qSupported:multiprocess+;swbreak+;hwbreak+;qXfer:features:read+;vContSupported+")
	for err == nil && len(answer) > 0 && (answer[0] == 'T' || answer[0] == 'S') {
		answer, err = t.conn.receive(t.conn.timeout) // a target that ran has said first that it was stopped
	}
	if err != nil {
		return err
	}
	size := uint64(512)
	noAcks, features := false, false
	for feature := range strings.SplitSeq(string(answer), ";") {
		switch name, value, _ := strings.Cut(feature, "="); name {
		case "PacketSize":
			if size, err = strconv.ParseUint(value, 16, 32); err != nil || size < 64 {
				return nonsense("qSupported", answer)
			}
		case "QStartNoAckMode+":
			noAcks = true
		case "qXfer:features:read+":
			features = true
		}
	}
	t.packet = int(min(size, maxPacket)-16) / 2
	if !features {
		return fmt.Errorf("%w: it has no target description", ErrProtocol)
	}
	if err := t.describe(); err != nil {
		return err
	}
	if answer, err := t.conn.ask("vCont?"); err == nil && strings.HasPrefix(string(answer), "vCont") {
		actions := strings.Split(string(answer), ";")
		if !contains(actions, "s") {
			return fmt.Errorf("%w: vCont has no s", ErrNoStep)
		}
		t.threads = true
	} else if err != nil {
		return err
	}
	if answer, err = t.conn.ask("?"); err != nil {
		return err
	}
	if _, err := t.stopped("?", answer); err != nil {
		return err
	}
	if answer, err = t.conn.ask("qqemu.sstepbits"); err == nil && len(answer) > 0 {
		t.qemu = true
	}
	if noAcks {
		if err := t.conn.order("QStartNoAckMode"); err != nil {
			return err
		}
		t.conn.acks = false
	}
	return nil
}

func contains(list []string, word string) bool {
	for _, w := range list {
		if w == word {
			return true
		}
	}
	return false
}

// Close ends the connection. The target goes on, without breakpoints, unless it was killed.
func (t *Target) Close() error {
	return errors.Join(t.letGo(), t.conn.net.Close())
}

// letGo stops a target that is running, since a stub takes nothing else from it until then, and detaches from it. A
// connection that has failed is left alone.
func (t *Target) letGo() error {
	if t.running {
		if _, err := t.conn.net.Write([]byte{3}); err != nil {
			return nil
		}
		if _, err := t.await("interrupt", t.conn.timeout); err != nil {
			return nil
		}
		t.running = false
	}
	for addr := range t.breaks {
		if err := t.Unbreak(addr); err != nil {
			return nil
		}
	}
	request := "D"
	if id, ok := strings.CutPrefix(t.thread, "p"); ok { // it counts in processes, and wants to know which
		process, _, _ := strings.Cut(id, ".")
		request += ";" + process
	}
	return t.conn.order(request)
}

// Kill ends the target, and the connection.
func (t *Target) Kill() error {
	_ = t.conn.send("k")
	return t.conn.net.Close()
}

// Interrupts says whether interrupts and timers go on while the target is single-stepped, as they do while it runs. A
// stub that can't hold them back lets them in always; QEMU's holds them back unless it is told otherwise.
func (t *Target) Interrupts(allowed bool) error {
	if !t.qemu {
		return nil
	}
	const enable, noIRQ, noTimer = 1, 2, 4
	bits := enable | noIRQ | noTimer
	if allowed {
		bits = enable
	}
	return t.conn.order(fmt.Sprintf("Qqemu.sstep=0x%x", bits))
}
