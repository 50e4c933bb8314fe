// SPDX-License-Identifier: GPL-2.0-only

package remote

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"time"
)

// conn exchanges packets with a stub. It belongs to one goroutine.
type conn struct {
	net     net.Conn
	r       *bufio.Reader
	timeout time.Duration // for an answer, while the target is stopped
	acks    bool          // every packet has to be acknowledged
	out     []byte
	in      bytes.Buffer
}

func newConn(c net.Conn, timeout time.Duration) *conn {
	return &conn{net: c, r: bufio.NewReaderSize(c, 1<<16), timeout: timeout, acks: true}
}

// send sends packets at once.
func (c *conn) send(payloads ...string) error {
	c.out = c.out[:0]
	for _, p := range payloads {
		c.out = appendPacket(c.out, p)
	}
	if err := c.net.SetWriteDeadline(time.Now().Add(c.timeout)); err != nil {
		return c.failed(err)
	}
	if _, err := c.net.Write(c.out); err != nil {
		return c.failed(err)
	}
	return nil
}

// receive returns the next answer, valid until the next call, for which it waits as long as anything may take, or at
// most so long.
func (c *conn) receive(wait time.Duration) ([]byte, error) {
	deadline := time.Time{}
	if wait > 0 {
		deadline = time.Now().Add(wait)
	}
	if err := c.net.SetReadDeadline(deadline); err != nil {
		return nil, c.failed(err)
	}
	payload, err := readPacket(c.r, &c.in)
	if err != nil {
		return nil, c.failed(err)
	}
	if c.acks {
		if _, err := c.net.Write([]byte{'+'}); err != nil {
			return nil, c.failed(err)
		}
	}
	return payload, nil
}

// ask sends a request and returns the answer. An error number is a *stubError.
func (c *conn) ask(request string) ([]byte, error) {
	if err := c.send(request); err != nil {
		return nil, err
	}
	answer, err := c.receive(c.timeout)
	if err != nil {
		return nil, err
	}
	return answer, refusal(request, answer)
}

// refusal is the error of an answer that says no more than that.
func refusal(request string, answer []byte) error {
	if len(answer) == 3 && answer[0] == 'E' && hexDigit(answer[1]) >= 0 && hexDigit(answer[2]) >= 0 {
		return &stubError{shortened(request), string(answer[1:])}
	}
	return nil
}

// order is ask for a request that is answered by OK.
func (c *conn) order(request string) error {
	answer, err := c.ask(request)
	if err == nil && string(answer) != "OK" {
		return nonsense(request, answer)
	}
	return err
}

// failed makes an error of the connection one of this package's.
func (c *conn) failed(err error) error {
	switch {
	case errors.Is(err, ErrProtocol):
		return err
	case errors.Is(err, os.ErrDeadlineExceeded):
		return ErrTimeout
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return fmt.Errorf("%w: it has closed the connection", ErrGone)
	}
	return fmt.Errorf("%w: %w", ErrGone, err)
}

// guard makes what waits for the stub fail when the context is cancelled. done ends that; the connection can be used no
// longer if the context was cancelled before.
func (c *conn) guard(ctx context.Context) (done func()) {
	stop := context.AfterFunc(ctx, func() { c.net.Close() })
	return func() { stop() }
}
