package corpus

import (
	"debug/dwarf"
	"errors"
	"fmt"
	"io"
	"sort"
	"sync"
)

// line is one row of the line table: the source line of the code from addr up to the next row.
type line struct {
	addr uint64
	text string // "file.c:12"; empty where a sequence ends
}

var lines = sync.OnceValue(func() []line {
	var all []line
	r := debugInfo().Reader()
	for {
		unit, err := r.Next()
		if err != nil {
			panic(err) // the file is part of the program
		}
		if unit == nil {
			break
		}
		r.SkipChildren()
		lr, err := debugInfo().LineReader(unit)
		if err != nil {
			panic(err)
		}
		if lr == nil {
			continue
		}
		var e dwarf.LineEntry
		for {
			if err := lr.Next(&e); errors.Is(err, io.EOF) {
				break
			} else if err != nil {
				panic(err)
			}
			text := ""
			if !e.EndSequence {
				text = fmt.Sprintf("%s:%d", e.File.Name, e.Line)
			}
			all = append(all, line{e.Address, text})
		}
	}
	sort.SliceStable(all, func(i, j int) bool { return all[i].addr < all[j].addr })
	return all
})

// SourceLine returns the source line ("src/fgraph.c:132") of the instruction at addr, or "".
func SourceLine(addr uint64) string {
	all := lines()
	i := sort.Search(len(all), func(i int) bool { return all[i].addr > addr })
	if i == 0 {
		return ""
	}
	return all[i-1].text
}
