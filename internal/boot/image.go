// SPDX-License-Identifier: GPL-2.0-only

package boot

import (
	"bytes"
	"debug/elf"
	"errors"
	"fmt"
	"os"
	"path/filepath"
)

// ErrNoKernel says that a file is nothing that can be booted.
var ErrNoKernel = errors.New("neither an arm64 Image nor a vmlinux")

// Bootable returns a file with the flat Image of a kernel: the file itself, or one in a folder that is made of the
// loaded segments of a vmlinux, as they lie in memory.
func Bootable(file, folder string) (string, error) {
	data, err := os.ReadFile(file)
	if err != nil {
		return "", err
	}
	if isImage(data) {
		return file, nil
	}
	f, err := elf.NewFile(bytes.NewReader(data))
	if err != nil || f.Machine != elf.EM_AARCH64 {
		return "", fmt.Errorf("%s: %w", file, ErrNoKernel)
	}
	flat, err := flatten(f)
	if err != nil {
		return "", fmt.Errorf("%s: %w", file, err)
	}
	out := filepath.Join(folder, "Image")
	return out, os.WriteFile(out, flat, 0o600)
}

// isImage looks for the magic number of an arm64 Image's header (Documentation/arch/arm64/booting.rst).
func isImage(data []byte) bool { return len(data) > 64 && string(data[56:60]) == "ARMd" }

// maxImage is more than any kernel has.
const maxImage = 1 << 30

// flatten lays out what a vmlinux loads. Per-CPU variables may be a segment whose address is an offset; it is in memory
// where its physical address says.
func flatten(f *elf.File) ([]byte, error) {
	low, high := ^uint64(0), uint64(0)
	for _, p := range f.Progs {
		if p.Type == elf.PT_LOAD && p.Filesz > 0 {
			low, high = min(low, p.Paddr), max(high, p.Paddr+p.Filesz)
		}
	}
	if low >= high || high-low > maxImage {
		return nil, ErrNoKernel
	}
	flat := make([]byte, high-low)
	for _, p := range f.Progs {
		if p.Type != elf.PT_LOAD || p.Filesz == 0 {
			continue
		}
		if _, err := p.ReadAt(flat[p.Paddr-low:p.Paddr-low+p.Filesz], 0); err != nil {
			return nil, err
		}
	}
	if !isImage(flat) {
		return nil, ErrNoKernel
	}
	return flat, nil
}
