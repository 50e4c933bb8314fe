// SPDX-License-Identifier: GPL-2.0-only

package boot

import (
	"bytes"
	"fmt"
	"path"
	"slices"
	"strings"
)

// A File is a file of an initramfs.
type File struct {
	Name string // "bin/busybox", without a slash in front
	Mode uint32 // permissions
	Data []byte
	Link string // of a symbolic link, where it points; Mode and Data are then of no interest
}

// Types of files as in st_mode.
const (
	modeFolder = 0o040000
	modeFile   = 0o100000
	modeLink   = 0o120000
)

// Archive makes an initramfs of files, with the folders that they are in: a cpio archive in the "newc" format
// (Documentation/driver-api/early-userspace/buffer-format.rst). It is not compressed, which any kernel takes. Each
// member is
//
//	"070701"  13 numbers of 8 hexadecimal digits   name, NUL   padding   data   padding
//	          inode, mode, uid, gid, links, time,
//	          size of data, device (2), rdev (2),
//	          size of name, 0
//
// with padding to multiples of 4, and the last one is called TRAILER!!!.
func Archive(files []File) []byte {
	var out bytes.Buffer
	inode := 0
	add := func(name string, mode uint32, data []byte) {
		inode++
		fmt.Fprintf(&out, "070701%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x", inode, mode, 0, 0, 1,
			0, len(data), 0, 0, 0, 0, len(name)+1, 0)
		out.WriteString(name)
		out.WriteByte(0)
		pad(&out)
		out.Write(data)
		pad(&out)
	}
	for _, folder := range foldersOf(files) {
		add(folder, modeFolder|0o755, nil)
	}
	for _, f := range files {
		if f.Link != "" {
			add(f.Name, modeLink|0o777, []byte(f.Link))
			continue
		}
		add(f.Name, modeFile|f.Mode, f.Data)
	}
	add("TRAILER!!!", 0, nil)
	return out.Bytes()
}

func pad(out *bytes.Buffer) {
	for out.Len()%4 != 0 {
		out.WriteByte(0)
	}
}

// foldersOf lists the folders that files are in, each after the one that it is in.
func foldersOf(files []File) (folders []string) {
	for _, f := range files {
		for d := path.Dir(f.Name); d != "."; d = path.Dir(d) {
			folders = append(folders, d)
		}
	}
	slices.SortFunc(folders, strings.Compare)
	return slices.Compact(folders)
}
