// SPDX-License-Identifier: GPL-2.0-only

package leaf

import (
	"io"
	"testing"

	"stacksweep/image"
	"stacksweep/internal/testkit"
)

// BenchmarkKernel classifies all functions of each kernel, from the file to the text.
func BenchmarkKernel(b *testing.B) {
	for _, k := range testkit.Kernels(b) {
		b.Run(k.Series, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				im, err := image.Load(k.Image)
				if err != nil {
					b.Fatal(err)
				}
				r, err := Classify(im, 1)
				if err != nil {
					b.Fatal(err)
				}
				if err := r.WriteText(io.Discard, false); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
