// SPDX-License-Identifier: GPL-2.0-only

package gdbstub

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"os"
	"path/filepath"
)

// Script is a gdb script that makes gdb notice when a monitor command went to another point of the run. The protocol
// has no way to say so while nothing is running. (It needs gdb 11, the first with these names for the commands.)
const Script = `# For stacksweep gdb: after a monitor command, gdb shall forget what it has read.
define hookpost-monitor
  maintenance flush register-cache
  maintenance flush dcache
end
`

// Files are what gdb wants to have as files.
type Files struct {
	Symbols string // the executed code, with its symbols
	Script  string // see the constant
}

// WriteFiles puts the files into a folder, under names that depend on what is in them. Those that are there already are
// left alone.
func WriteFiles(folder string, elf []byte) (Files, error) {
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return Files{}, err
	}
	symbols, err := writeFile(folder, "corpus", ".elf", elf)
	if err != nil {
		return Files{}, err
	}
	script, err := writeFile(folder, "stacksweep", ".gdb", []byte(Script))
	return Files{symbols, script}, err
}

// writeFile makes sure that a file has a content. It comes into being in one go, so that nobody sees half of it.
func writeFile(folder, name, extension string, content []byte) (path string, err error) {
	path = filepath.Join(folder, fmt.Sprintf("%s-%.6x%s", name, sha256.Sum256(content), extension))
	if old, err := os.ReadFile(path); err == nil && bytes.Equal(old, content) {
		return path, nil
	}
	f, err := os.CreateTemp(folder, name+"-*")
	if err != nil {
		return "", err
	}
	defer os.Remove(f.Name()) // fails once it has its name
	_, err = f.Write(content)
	if closeErr := f.Close(); err == nil {
		err = closeErr
	}
	if err != nil {
		return "", err
	}
	return path, os.Rename(f.Name(), path)
}
