// SPDX-License-Identifier: GPL-2.0-only

package main

import (
	"context"
	_ "embed"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
)

// The program that is stepped: eight frames deep, with calls that come and go.
//
//go:embed source/peer.c
var peerSource []byte

// A program begins with main where there is an operating system, and with _start where there is none.
const (
	mainSource  = "unsigned long work(unsigned long); int main(void) { return work(1ul << 40) == 0; }"
	startSource = `
	.globl	_start
_start:	ldr	x0, =top
	mov	sp, x0
	mov	x29, xzr
	mov	x30, xzr
	mov	x0, #1 << 32
	bl	work
	b	.
	.bss
	.balign	16
	.skip	65536
top:
`
)

// build compiles the object file, and links the two programs.
func (b *bench) build(ctx context.Context) error {
	sources := map[string][]byte{"peer.c": peerSource, "main.c": []byte(mainSource), "start.S": []byte(startSource)}
	for name, text := range sources {
		if err := os.WriteFile(filepath.Join(b.dir, name), text, 0o644); err != nil {
			return err
		}
	}
	for _, args := range [][]string{
		{"-O1", "-fno-omit-frame-pointer", "-fasynchronous-unwind-tables", "-fno-pic", "-c", "peer.c"},
		{"-static", "main.c", "peer.o", "-o", "user"},
		{"-nostdlib", "-static", "-Wl,-Ttext=0x40080000,--build-id=none", "start.S", "peer.o", "-o", "system"},
	} {
		cmd := exec.CommandContext(ctx, "aarch64-linux-gnu-gcc", args...)
		cmd.Dir = b.dir
		if out, err := cmd.CombinedOutput(); err != nil {
			return fmt.Errorf("aarch64-linux-gnu-gcc: %w: %s", err, out)
		}
	}
	return nil
}
