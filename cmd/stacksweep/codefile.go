// SPDX-License-Identifier: GPL-2.0-only

package main

import (
	"encoding/json"
	"fmt"
	"io"

	"stacksweep/internal/codefile"
)

// unrelocated counts what was left unrelocated in the files that were looked at.
type unrelocated struct {
	count       int
	file, first string
}

func (u *unrelocated) add(f *codefile.File) {
	left := &f.Image.Unrelocated
	if left.Count > 0 && u.count == 0 {
		u.file, u.first = f.Name, left.First
	}
	u.count += left.Count
}

// report says once that something was left unrelocated.
func (u *unrelocated) report(w io.Writer) {
	if u.count > 0 {
		fmt.Fprintf(w, "%s: %d relocations that only running code needs were left alone, the first %s\n", u.file,
			u.count, u.first)
	}
}

// writeMember writes, before what JSON lines say of a member of an archive, which it is.
func writeMember(out io.Writer, f *codefile.File, isMember bool) error {
	if !isMember {
		return nil
	}
	return json.NewEncoder(out).Encode(struct {
		Type string `json:"type"` // "file"
		File string `json:"file"`
	}{"file", f.Name})
}
