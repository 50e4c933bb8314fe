// SPDX-License-Identifier: GPL-2.0-only

package remote

import (
	"errors"
	"fmt"
)

// What can be wrong with a target or its stub. Errors wrap one of these.
var (
	// ErrProtocol: the stub's answer can't be read, or isn't one to what was asked.
	ErrProtocol = errors.New("the GDB stub answers nonsense")
	// ErrGone: the connection has ended, or the target has.
	ErrGone = errors.New("the target is gone")
	// ErrTimeout: there was no answer in time.
	ErrTimeout = errors.New("the target doesn't answer")
	// ErrArchitecture: the target isn't an arm64 one.
	ErrArchitecture = errors.New("not an arm64 target")
	// ErrNoStep: the stub can't single-step, or says that it has and the target hasn't moved.
	ErrNoStep = errors.New("the GDB stub doesn't single-step")
	// ErrUser: the target is in user mode (EL0) where kernel code was to be recorded.
	ErrUser = errors.New("the target is running user code")
	// ErrLimit: a recording has reached RecordOptions.Limit.
	ErrLimit = errors.New("too many steps")
)

// errInterrupted is why a recording is partial whose context was cancelled.
var errInterrupted = errors.New("interrupted")

// stubError is an error number that the stub has answered to a request.
type stubError struct{ request, code string }

func (e *stubError) Error() string {
	return fmt.Sprintf("the GDB stub refuses %q with error %s", e.request, e.code)
}

// nonsense makes an ErrProtocol of an answer.
func nonsense(request string, answer []byte) error {
	const shown = 40
	dots := ""
	if len(answer) > shown {
		answer, dots = answer[:shown], "..."
	}
	return fmt.Errorf("%w: %q to %q", ErrProtocol, string(answer)+dots, shortened(request))
}

// shortened is a request for a message.
func shortened(request string) string {
	const shown = 24
	if len(request) > shown {
		return request[:shown] + "..."
	}
	return request
}
