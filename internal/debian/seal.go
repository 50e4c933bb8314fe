// SPDX-License-Identifier: GPL-2.0-only

package debian

import (
	"bytes"
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"

	"stacksweep/internal/wholefile"
)

// A seal lists what a folder of the cache was filled with, in the file "complete" of the folder, as JSON: it is written
// last.
type seal struct {
	Files map[string]sealed `json:"files"` // by their paths from the folder
}

// sealed is a file, or a link: then it has a Target.
type sealed struct {
	Size   int64  `json:"size,omitempty"`
	SHA256 string `json:"sha256,omitempty"` // in hexadecimal
	Target string `json:"target,omitempty"`
}

const (
	sealName = "complete"
	listName = "apt" // apt's state, which nothing is made of
)

// errBroken says that a folder isn't what it was filled with.
var errBroken = errors.New("has changed since it was filled")

// writeSeal seals a folder in its present state.
func writeSeal(top string) error {
	s := seal{Files: map[string]sealed{}}
	err := eachSealed(top, func(name, path string, info fs.FileInfo) (err error) {
		f := sealed{}
		if info.Mode()&fs.ModeSymlink != 0 {
			f.Target, err = os.Readlink(path)
		} else {
			f.Size = info.Size()
			f.SHA256, err = wholefile.SHA256(path)
		}
		s.Files[name] = f
		return err
	})
	if err != nil {
		return err
	}
	text, err := json.Marshal(s)
	if err != nil {
		return err
	}
	return wholefile.Bytes(filepath.Join(top, sealName), append(text, '\n'))
}

// checkSeal compares a folder with its seal. Sizes and links are compared always, contents of what was changed after
// the folder was sealed, as the file system tells: so it is for a folder that was copied, which is then sealed again.
func checkSeal(top string) error {
	path := filepath.Join(top, sealName)
	text, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	var s seal
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&s); err != nil || s.Files == nil {
		return errBroken
	}
	info, err := os.Lstat(path)
	if err != nil {
		return err
	}
	since := changed(info)
	seen, hashed := 0, 0
	err = eachSealed(top, func(name, path string, info fs.FileInfo) error {
		want, ok := s.Files[name]
		if !ok {
			return errBroken
		}
		seen++
		if info.Mode()&fs.ModeSymlink != 0 {
			if target, err := os.Readlink(path); err != nil || target != want.Target || target == "" {
				return errBroken
			}
			return nil
		}
		if info.Size() != want.Size || want.Target != "" {
			return errBroken
		}
		if changed(info) < since {
			return nil
		}
		hashed++
		if got, err := wholefile.SHA256(path); err != nil || got != want.SHA256 {
			return errBroken
		}
		return nil
	})
	if err == nil && seen != len(s.Files) {
		err = errBroken
	}
	if err == nil && hashed > 0 {
		_ = wholefile.Bytes(
			path,
			text,
		) // so that they aren't read every time; a cache that can't be written is still right
	}
	return err
}

// eachSealed calls do for each file and link of a folder but the seal and apt's state.
func eachSealed(top string, do func(name, path string, info fs.FileInfo) error) error {
	return filepath.WalkDir(top, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		name, err := filepath.Rel(top, path)
		switch {
		case err != nil:
			return err
		case name == listName:
			return filepath.SkipDir
		case d.IsDir(), name == sealName:
			return nil
		}
		info, err := d.Info()
		if err != nil {
			return err
		}
		if info.Mode()&fs.ModeSymlink == 0 && !info.Mode().IsRegular() {
			return nil
		}
		return do(name, path, info)
	})
}

// changed is when a file was last written, renamed, or given other attributes, in nanoseconds: a time that no program
// can set.
func changed(info fs.FileInfo) int64 {
	if s, ok := info.Sys().(*syscall.Stat_t); ok {
		return s.Ctim.Nano()
	}
	return 1<<63 - 1
}
