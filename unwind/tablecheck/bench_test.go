// SPDX-License-Identifier: GPL-2.0-only

package tablecheck

import (
	"fmt"
	"io"
	"os"
	"testing"

	"stacksweep/image"
)

// BenchmarkKernel checks both tables of a kernel against its code, from the file to the text, alone and in two
// goroutines.
func BenchmarkKernel(b *testing.B) {
	for name, file := range sframeKernels(b) {
		for _, jobs := range []int{1, 2} {
			b.Run(fmt.Sprintf("%s/j=%d", name, jobs), func(b *testing.B) {
				b.ReportAllocs()
				for b.Loop() {
					checkFile(b, file, jobs)
				}
			})
		}
	}
}

func checkFile(b *testing.B, file string, jobs int) {
	data, err := os.ReadFile(file)
	if err != nil {
		b.Fatal(err)
	}
	im, err := image.Parse(file, data)
	if err != nil {
		b.Fatal(err)
	}
	s := NewSubject(im, data, jobs)
	for _, o := range []Options{{}, {DWARF: true}} {
		check, err := s.Run(o)
		if err != nil {
			b.Fatal(err)
		}
		check.WriteText(io.Discard, false)
	}
}
