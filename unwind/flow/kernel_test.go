package flow

import (
	"testing"
	"time"

	"stacksweep/emu/image"
	"stacksweep/internal/kernels"
)

func TestKernel(t *testing.T) {
	list, err := kernels.List()
	if err != nil {
		t.Fatal(err)
	}
	if len(list) == 0 {
		t.Skip("no real kernel in the cache: stacksweep kernel fetch")
	}
	im, err := image.Load(list[len(list)-1].Image)
	if err != nil {
		t.Fatal(err)
	}
	text, _ := im.Symbols.Lookup("_stext")
	etext, _ := im.Symbols.Lookup("_etext")
	var ranges []Range
	kinds := map[image.SymbolKind]int{}
	for s := range im.Symbols.All() {
		kinds[s.Kind]++
		if s.Addr >= text.Addr && s.Addr < etext.Addr && (len(ranges) == 0 || ranges[len(ranges)-1].Start != s.Addr) {
			ranges = append(ranges, Range{Start: s.Addr, End: s.Addr + s.Size})
		}
	}
	start := time.Now()
	fs := Program(ranges, func(start, end uint64) []byte { b, _ := im.Bytes(start, end-start); return b })
	took := time.Since(start)
	classes := map[string]int{}
	words, unreached, rows := 0, 0, 0
	for _, f := range fs {
		classes[f.Class.Class.String()]++
		words += int(f.Size / 4)
		unreached += f.Class.Unreached
		rows += len(f.Rows)
	}
	t.Log(kinds, len(ranges), took, classes, words, unreached, rows)
}
