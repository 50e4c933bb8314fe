// SPDX-License-Identifier: GPL-2.0-only

package image

import (
	"encoding/binary"
	"fmt"
)

var le = binary.LittleEndian

// file is the bytes of a file and its name for errors.
type file struct {
	name string
	data []byte
}

// errorf makes the Error for a place in the file. An error among the arguments becomes its reason.
func (f *file) errorf(off uint64, format string, args ...any) *Error {
	e := &Error{File: f.name, Offset: off, What: fmt.Sprintf(format, args...)}
	for _, a := range args {
		if err, ok := a.(error); ok {
			e.Err = err
		}
	}
	return e
}

// within returns the n bytes at off, or fails saying what they were to be.
// at is the place in the file that claimed them.
func (f *file) within(off, n, at uint64, what string) ([]byte, error) {
	size := uint64(len(f.data))
	if off > size || n > size-off {
		return nil, f.errorf(at, "%s (0x%x bytes at 0x%x) reaches beyond the end of the file (0x%x bytes)", what,
			n, off, size)
	}
	return f.data[off : off+n : off+n], nil
}
