// SPDX-License-Identifier: GPL-2.0-only

package gdbstub

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"stacksweep/internal/wholefile"
)

// Script is a gdb script that makes gdb notice when a monitor command went to another point of the run: the protocol
// has no way to say so while nothing is running. A step of no instruction makes gdb show the new place, in its TUI too.
// It needs gdb 11, the first with these names for the commands.
const Script = `# For stacksweep gdb.
define hook-monitor
  set $_from_pc = $pc
  set $_from_sp = $sp
end
define hookpost-monitor
  maintenance flush register-cache
  maintenance flush dcache
  if $pc != $_from_pc || $sp != $_from_sp
    stepi 0
  end
end
`

// A Program is the code that runs, as a debugger gets it.
type Program struct {
	Name string // of the file, to which a hash is added
	ELF  []byte
}

// Files are what gdb wants to have as files.
type Files struct {
	Symbols string // the executed code, with its symbols
	Script  string // see the constant
}

// WriteFiles puts the files into a folder, under names that depend on what is in them. Those that are there already are
// left alone.
func WriteFiles(folder string, p Program) (Files, error) {
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return Files{}, err
	}
	symbols, err := writeFile(folder, p.Name, ".elf", p.ELF)
	if err != nil {
		return Files{}, err
	}
	file, err := writeFile(folder, "stacksweep", ".gdb", []byte(Script))
	return Files{symbols, file}, err
}

// WriteSources copies sources into a folder of a folder, under a name that depends on what is in them, and returns its
// absolute path. If it is there already it is left alone.
func WriteSources(folder, name string, sources fs.FS) (path string, err error) {
	if folder, err = filepath.Abs(folder); err != nil {
		return "", err
	}
	sum := sha256.New()
	err = fs.WalkDir(sources, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		content, err := fs.ReadFile(sources, name)
		fmt.Fprintf(sum, "%s %d\n%s", name, len(content), content)
		return err
	})
	if err != nil {
		return "", err
	}
	path = filepath.Join(folder, fmt.Sprintf("%s-%.6x-src", name, sum.Sum(nil)))
	if _, err := os.Stat(path); err == nil {
		return path, nil
	}
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return "", err
	}
	unfinished, err := os.MkdirTemp(folder, "sources-*")
	if err != nil {
		return "", err
	}
	defer os.RemoveAll(unfinished) // fails once it has its name
	if err := os.CopyFS(unfinished, sources); err != nil {
		return "", err
	}
	if err := os.Chmod(unfinished, 0o755); err != nil {
		return "", err
	}
	if err := os.Rename(unfinished, path); err != nil && !errors.Is(err, fs.ErrExist) {
		return "", err
	}
	return path, nil
}

// writeFile makes sure that a file has a content. It comes into being in one go, so that no one sees half of it.
func writeFile(folder, name, extension string, content []byte) (path string, err error) {
	path = filepath.Join(folder, fmt.Sprintf("%s-%.6x%s", name, sha256.Sum256(content), extension))
	if old, err := os.ReadFile(path); err == nil && bytes.Equal(old, content) {
		return path, nil
	}
	return path, wholefile.Bytes(path, content)
}
