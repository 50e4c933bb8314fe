package flow

import (
	"os"
	"stacksweep/emu/image"
	"testing"
)

func TestZZ(t *testing.T) {
	im, _ := image.Load(os.Getenv("ZF"))
	s, _ := im.Symbols.Lookup(os.Getenv("ZS"))
	b, _ := im.Bytes(s.Addr, s.Size)
	f := Analyze(b, s.Addr)
	for _, r := range f.Rows {
		t.Logf("+%#x %v sp=%v(by %x) x29=%v x30=%v(by %x) %v blur=%v", r.Start, r.How, r.SP, r.SP.By, r.X29, r.X30, r.X30.By, r.Saved, r.Blurred)
	}
	t.Logf("%+v", f.Class)
	var a analyzer
	a.load(b, s.Addr)
	a.run(seedsAt(s.Addr, nil))
	rows := a.rows()
	c, n := a.candidates(rows)
	for i := range c {
		v := c[i].asState(nil)
		t.Logf("%d/%d %+v", i, n, v)
	}
}
