// SPDX-License-Identifier: GPL-2.0-only

package emu

import (
	"fmt"
	"os"
	"runtime"
	"unsafe"

	"golang.org/x/sys/unix"

	"stacksweep/emu/internal/uc"
)

// A Backing holds bytes that many machines begin with, such as a kernel's image: each maps them, and has copies of only
// those pages that it changes. It may be used by several goroutines at a time.
type Backing struct {
	data []byte   // from which it was made
	file *os.File // in memory, with the same bytes, which can't be changed any more
}

// NewBacking makes a backing of a copy of data, which must not be changed afterwards.
func NewBacking(data []byte) (*Backing, error) {
	fd, err := unix.MemfdCreate("guest memory", unix.MFD_CLOEXEC|unix.MFD_ALLOW_SEALING)
	if err != nil {
		return nil, fmt.Errorf("a file for guest memory: %w", err)
	}
	b := &Backing{data: data, file: os.NewFile(uintptr(fd), "guest memory")}
	if _, err := b.file.Write(data); err != nil {
		b.file.Close()
		return nil, err
	}
	const seals = unix.F_SEAL_WRITE | unix.F_SEAL_SHRINK | unix.F_SEAL_GROW | unix.F_SEAL_SEAL
	if _, err := unix.FcntlInt(uintptr(fd), unix.F_ADD_SEALS, seals); err != nil {
		b.file.Close()
		return nil, fmt.Errorf("seal a file for guest memory: %w", err)
	}
	return b, nil
}

// mapped says which pages of the file r.Data are: all whole ones. There are none without a backing, or where r.Data is
// no part of it that begins with a page.
func (r *Region) mapped() uc.FilePages {
	if r.Backing == nil || len(r.Data) == 0 || len(r.Backing.data) == 0 {
		return uc.FilePages{}
	}
	start := uintptr(unsafe.Pointer(unsafe.SliceData(r.Backing.data)))
	offset := uintptr(unsafe.Pointer(unsafe.SliceData(r.Data))) - start
	if size := uintptr(len(r.Backing.data)); offset >= size || uintptr(len(r.Data)) > size-offset ||
		offset%PageSize != 0 {
		return uc.FilePages{}
	}
	return uc.FilePages{
		FD: int(r.Backing.file.Fd()), Offset: int64(offset), Size: uint64(len(r.Data)) &^ (PageSize - 1),
	}
}

// keepBackings must follow the last use of what mapped has returned.
func keepBackings(regions []Region) {
	for i := range regions {
		runtime.KeepAlive(regions[i].Backing)
	}
}
