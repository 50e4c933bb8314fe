// SPDX-License-Identifier: GPL-2.0-only

// Package wholefile writes files whole or not at all.
package wholefile

import (
	"bufio"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
)

// A File is one that isn't there, or is as it was, until it is committed. A device or a pipe is written as it comes.
type File struct {
	name string
	temp *os.File // next to the file
	out  *bufio.Writer
}

// Create makes the temporary file, so that what can't be written is known before anything is.
func Create(name string) (*File, error) {
	info, err := os.Stat(name)
	switch {
	case err == nil && info.IsDir():
		return nil, &os.PathError{Op: "create", Path: name, Err: syscall.EISDIR}
	case err == nil && !info.Mode().IsRegular():
		device, err := os.OpenFile(name, os.O_WRONLY, 0)
		if err != nil {
			return nil, err
		}
		return &File{name: name, temp: device, out: bufio.NewWriterSize(device, 1<<16)}, nil
	}
	temp, err := os.CreateTemp(filepath.Dir(name), "."+filepath.Base(name)+"-*")
	if err != nil {
		return nil, named(err, name)
	}
	if err := temp.Chmod(0o644); err != nil {
		temp.Close()
		os.Remove(temp.Name())
		return nil, named(err, name)
	}
	return &File{name: name, temp: temp, out: bufio.NewWriterSize(temp, 1<<16)}, nil
}

// Write implements io.Writer.
func (f *File) Write(p []byte) (int, error) { return f.out.Write(p) }

// Commit puts what was written in the file's place. If that fails, what was there stays.
func (f *File) Commit() error {
	err := f.out.Flush()
	if err = errors.Join(err, f.temp.Close()); err == nil && f.isTemporary() {
		err = os.Rename(f.temp.Name(), f.name)
	}
	if err != nil && f.isTemporary() {
		os.Remove(f.temp.Name())
	}
	return named(err, f.name)
}

// Discard drops what was written, and leaves what was there.
func (f *File) Discard() {
	f.temp.Close()
	if f.isTemporary() {
		os.Remove(f.temp.Name())
	}
}

// Temporary names the file that is written until all is there; "" if there is none.
func (f *File) Temporary() string {
	if !f.isTemporary() {
		return ""
	}
	return f.temp.Name()
}

func (f *File) isTemporary() bool { return f.temp.Name() != f.name }

// Write lets write fill the file called name, which is there when all is written. If anything fails, what was there
// stays, and nothing else is left.
func Write(name string, write func(io.Writer) error) error {
	f, err := Create(name)
	if err != nil {
		return err
	}
	if err := write(f); err != nil {
		f.Discard()
		return err
	}
	return f.Commit()
}

// Bytes writes a file with these contents.
func Bytes(name string, data []byte) error { return BytesMode(name, data, 0o644) }

// BytesMode writes a file with these contents and permissions, whatever the umask is.
func BytesMode(name string, data []byte, mode fs.FileMode) error {
	f, err := Create(name)
	if err != nil {
		return err
	}
	_, err = f.Write(data)
	if f.isTemporary() {
		err = errors.Join(err, f.temp.Chmod(mode))
	}
	if err != nil {
		f.Discard()
		return named(err, name)
	}
	return f.Commit()
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
