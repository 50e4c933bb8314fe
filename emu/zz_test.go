package emu
import "testing"
func TestZZ(t *testing.T) {
	for h := uint32(0); h < 40; h++ {
		m := newMachine(t, config(words(0xd503201f, 0xd503201f|h<<5, 0xd503201f, 0xd503201f)), startRegs())
		r, err := m.Record(RunOptions{Until: codeBase+16})
		if err != nil { t.Log(h, err, r.Len(), m.PC()-codeBase) }
		m.Close()
	}
}
