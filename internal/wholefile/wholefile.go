// SPDX-License-Identifier: GPL-2.0-only

// Package wholefile writes files whole or not at all.
package wholefile

import (
	"bufio"
	"errors"
	"io"
	"os"
	"path/filepath"
)

// Write lets write fill a temporary file next to the file called name, which takes its place when all is written. If
// anything fails, what was there stays, and nothing else is left.
func Write(name string, write func(io.Writer) error) (err error) {
	temp, err := os.CreateTemp(filepath.Dir(name), "."+filepath.Base(name)+"-*")
	if err != nil {
		return named(err, name)
	}
	defer func() {
		if err != nil {
			temp.Close()
			os.Remove(temp.Name())
		}
	}()
	if err := temp.Chmod(0o644); err != nil {
		return err
	}
	out := bufio.NewWriterSize(temp, 1<<16)
	if err := write(out); err != nil {
		return err
	}
	if err := out.Flush(); err != nil {
		return err
	}
	if err := temp.Close(); err != nil {
		return err
	}
	return named(os.Rename(temp.Name(), name), name)
}

// named gives an error the name that the caller knows, instead of the temporary file's.
func named(err error, name string) error {
	var path *os.PathError
	var link *os.LinkError
	switch {
	case errors.As(err, &path):
		return &os.PathError{Op: "create", Path: name, Err: path.Err}
	case errors.As(err, &link):
		return &os.PathError{Op: "create", Path: name, Err: link.Err}
	}
	return err
}
