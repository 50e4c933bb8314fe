// SPDX-License-Identifier: GPL-2.0-only

package htmlreport

import (
	"bytes"
	"compress/gzip"
	"encoding/base64"
	"encoding/json"
)

// A block is data for the script: JSON, compressed with gzip, in base64. Numbers of 64 bits are indices in a table of
// hexadecimal strings, because the numbers of a script have only 53 bits. Lists named delta hold differences: the
// first number, and then each number less the one before it.

// targetData is what there is to see of a target.
type targetData struct {
	Target  string   `json:"target"`
	Doc     string   `json:"doc"`
	Flags   string   `json:"flags"` // with which a command finds the target, each with a blank before it
	Walkers []string `json:"walkers"`
	Modes   []string `json:"modes"`
	Total   int      `json:"total"` // points, including those that were left out
	Steps   int      `json:"steps"` // of the run

	Values []string       `json:"values"` // hexadecimal, without 0x
	Names  map[int]string `json:"names"`  // of values that are code outside of Functions
	Texts  []string       `json:"texts"`  // errors, ways; the first is ""

	// Stacks of frames are trees: an entry is a frame with its caller. Entry 0 is the end.
	Truth    treeData     `json:"truth"`
	Frames   treeData     `json:"frames"`
	Outcomes outcomeTable `json:"outcomes"`
	Points   pointTable   `json:"points"`
	States   stateTable   `json:"states"`

	Functions []functionData `json:"functions"`
	Stacks    []stackData    `json:"stacks"`
	PtRegs    int            `json:"ptregs"` // value
	Final     int            `json:"final"`  // value: the address of the FINAL record
}

type treeData struct {
	PC     []int `json:"pc"`     // value
	Parent []int `json:"parent"` // how many entries before this one; 0 if there is none
	Source []int `json:"source,omitempty"`
	Flags  []int `json:"flags,omitempty"`
}

// outcomeTable has the different results of walks.
type outcomeTable struct {
	Verdict  []int   `json:"verdict"`
	Frames   []int   `json:"frames"` // entry
	Reliable []int   `json:"reliable"`
	Error    []int   `json:"error"` // text
	Warnings [][]int `json:"warnings"`
}

// pointTable has the points by moment and mode. Pair is 0, or of a point of mode pairs its step in the exception that
// is taken at Step, plus 1, times 2; plus 1 for the exception of a kernel without metadata records if there are those
// of others, too.
type pointTable struct {
	Step   []int   `json:"step"` // delta
	Pair   []int   `json:"pair"`
	Mode   []int   `json:"mode"` // index in Modes
	Masked []int   `json:"masked"`
	Way    []int   `json:"way"`   // text
	Truth  []int   `json:"truth"` // entry, delta
	Walks  [][]int `json:"walks"` // by walker: outcome, delta
}

// stateTable has the state of the machine at every moment that has a point, as changes against the one before.
type stateTable struct {
	Step      []int   `json:"step"` // delta
	Pair      []int   `json:"pair"` // see pointTable
	PC        []int   `json:"pc"`   // value
	Regs      [][]int `json:"regs"` // register (0 to 30, 31 SP, 32 DAIF) and value, alternating
	Memory    [][]int `json:"mem"`  // address and word, both values, alternating; stacks only
	Shadow    []int   `json:"shadow"`
	Kretprobe []int   `json:"kret"`
	Lists     [][]int `json:"lists"` // entries of three values, newest first; the first list is empty
}

type functionData struct {
	Symbol string `json:"symbol"`
	Addr   int    `json:"addr"` // value
	Code   int    `json:"code"` // index in codeData
}

type stackData struct {
	Name string `json:"name"`
	Low  int    `json:"low"`
	High int    `json:"high"`
}

// codeData is a function's listing.
type codeData struct {
	Text   []string `json:"text"`             // by instruction
	Source []string `json:"source,omitempty"` // file:line, where it changes
}

// block packs data for the script.
func block(data any) (string, error) {
	text, err := json.Marshal(data)
	if err != nil {
		return "", err
	}
	var b bytes.Buffer
	z, err := gzip.NewWriterLevel(&b, gzip.BestCompression)
	if err != nil {
		return "", err
	}
	if _, err := z.Write(text); err != nil {
		return "", err
	}
	if err := z.Close(); err != nil {
		return "", err
	}
	return base64.StdEncoding.EncodeToString(b.Bytes()), nil
}

// delta replaces numbers by their differences.
func delta(list []int) []int {
	before := 0
	for i, n := range list {
		list[i], before = n-before, n
	}
	return list
}

// A table numbers different things in the order in which they are met.
type table[T comparable] struct {
	index map[T]int
	list  []T
}

func newTable[T comparable](first ...T) *table[T] {
	t := &table[T]{index: map[T]int{}}
	for _, v := range first {
		t.of(v)
	}
	return t
}

func (t *table[T]) of(v T) int {
	if i, ok := t.index[v]; ok {
		return i
	}
	i := len(t.list)
	t.index[v] = i
	t.list = append(t.list, v)
	return i
}
