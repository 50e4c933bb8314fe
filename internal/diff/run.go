// SPDX-License-Identifier: GPL-2.0-only

package diff

import (
	"bufio"
	"bytes"
	"cmp"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"

	"stacksweep/sweep/verdict"
)

// ErrNoReport says that a file is not a report of a sweep in the format "jsonl".
var ErrNoReport = errors.New("not a report of a sweep in the format jsonl")

// A Run is what there is to know about a sweep.
type Run struct {
	Targets []*Target // in the order of the report
	// Partial: the sweep was interrupted, or the report is cut off, so that what is missing means nothing.
	Partial bool
}

// A Target is a scenario in one of its variants.
type Target struct {
	Scenario, Variant string
	Series            []Series
	Functions         []Function // those that were executed, by name; nil if the report doesn't have them
	Failed            string     // why it couldn't be swept, so that nothing is known of it; "" if it was
}

// Name is the target's name, scenario:variant.
func (t *Target) Name() string { return t.Scenario + ":" + t.Variant }

// A Series is what a walker did in one mode.
type Series struct {
	SeriesKey
	Points  int
	Unsound int
	Windows []Window
}

// A SeriesKey tells apart what is compared within a target.
type SeriesKey struct {
	Walker, Mode, Deliver string
}

// A Window is a run of instructions with the same verdict, as in the report.
type Window struct {
	Symbol   string
	From, To uint64 // offsets in bytes of the first and last instruction
	Verdict  verdict.Verdict
	First    string // the first point in it
}

// A Function is the code of a function, and which of its instructions were executed.
type Function struct {
	Symbol   string
	Code     []uint32 // one word per instruction; shared, not to be written
	Executed []bool   // by instruction
}

// record is an object of a report, of any type.
type record struct {
	Type     string `json:"type"`
	Scenario string `json:"scenario"`
	Variant  string `json:"variant"`
	Walker   string `json:"walker"`
	Mode     string `json:"mode"`
	Deliver  string `json:"deliver"`
	Partial  bool   `json:"partial"`

	Points  int `json:"points"`
	Ghost   int `json:"ghost"`
	Omitted int `json:"omitted"`
	Wrong   int `json:"wrong"`
	Fault   int `json:"fault"`

	Symbol  string `json:"symbol"`
	From    string `json:"from"`
	To      string `json:"to"`
	Verdict string `json:"verdict"`
	First   string `json:"first"`

	Error string `json:"error"`

	ID       string   `json:"id"`
	Words    string   `json:"words"`
	Code     string   `json:"code"`
	Executed []string `json:"executed"`
}

// reader collects a run.
type reader struct {
	run     Run
	targets map[[2]string]*Target
	series  map[*Target]map[SeriesKey]int
	codes   map[string][]uint32

	begun, ended bool // the first and the last object of a report have been there
}

// Read reads a report. Lists of points are skipped: the windows have what is compared.
func Read(r io.Reader) (*Run, error) {
	in := reader{targets: map[[2]string]*Target{}, series: map[*Target]map[SeriesKey]int{},
		codes: map[string][]uint32{}}
	lines := bufio.NewReaderSize(r, 1<<16)
	for n := 1; ; n++ {
		line, err := lines.ReadBytes('\n')
		if len(bytes.TrimSpace(line)) > 0 {
			if e := in.line(line); e != nil {
				return nil, fmt.Errorf("line %d: %w", n, e)
			}
		}
		if err == io.EOF {
			break
		}
		if err != nil {
			return nil, err
		}
	}
	if len(in.run.Targets) == 0 {
		return nil, ErrNoReport
	}
	in.run.Partial = in.run.Partial || in.begun && !in.ended
	return &in.run, nil
}

var pointLine = []byte(`{"type":"point",`)

func (in *reader) line(line []byte) error {
	if bytes.HasPrefix(line, pointLine) {
		return nil
	}
	var r record
	if err := json.Unmarshal(line, &r); err != nil {
		return fmt.Errorf("%w: %w", ErrNoReport, err)
	}
	switch r.Type {
	case "summary":
		s := in.of(&r)
		s.Points, s.Unsound = r.Points, r.Ghost+r.Omitted+r.Wrong+r.Fault
		in.run.Partial = in.run.Partial || r.Partial
	case "window":
		return in.window(&r)
	case "sweep":
		in.begun = true
	case "end":
		in.ended = true
	case "failed":
		in.target(&r).Failed = cmp.Or(r.Error, "for a reason that isn't known")
	case "interrupted":
		in.run.Partial = true
	case "code":
		return in.code(&r)
	case "function":
		return in.function(&r)
	case "":
		return fmt.Errorf("%w: an object without a type", ErrNoReport)
	}
	return nil
}

func (in *reader) target(r *record) *Target {
	key := [2]string{r.Scenario, r.Variant}
	t := in.targets[key]
	if t == nil {
		t = &Target{Scenario: r.Scenario, Variant: r.Variant}
		in.targets[key], in.series[t] = t, map[SeriesKey]int{}
		in.run.Targets = append(in.run.Targets, t)
	}
	return t
}

// of returns the series that a record belongs to.
func (in *reader) of(r *record) *Series {
	t := in.target(r)
	key := SeriesKey{r.Walker, r.Mode, r.Deliver}
	i, ok := in.series[t][key]
	if !ok {
		i = len(t.Series)
		in.series[t][key] = i
		t.Series = append(t.Series, Series{SeriesKey: key})
	}
	return &t.Series[i]
}

func (in *reader) window(r *record) error {
	v, err := verdict.ParseVerdict(r.Verdict)
	if err != nil {
		return err
	}
	w := Window{Symbol: r.Symbol, Verdict: v, First: r.First}
	for _, n := range []struct {
		text string
		to   *uint64
	}{{r.From, &w.From}, {r.To, &w.To}} {
		if *n.to, err = strconv.ParseUint(n.text, 0, 64); err != nil {
			return fmt.Errorf("%q is not an offset", n.text)
		}
	}
	if w.To < w.From || w.To-w.From > mostCode {
		return fmt.Errorf("a window from %#x to %#x", w.From, w.To)
	}
	s := in.of(r)
	s.Windows = append(s.Windows, w)
	return nil
}

// mostCode is more bytes than any function has.
const mostCode = 1 << 26

func (in *reader) code(r *record) error {
	b, err := hex.DecodeString(r.Words)
	if err != nil || len(b)%4 != 0 {
		return fmt.Errorf("the code of %s is no list of words in hexadecimal", r.Symbol)
	}
	words := make([]uint32, len(b)/4)
	for i := range words {
		words[i] = binary.BigEndian.Uint32(b[4*i:])
	}
	in.codes[r.ID] = words
	return nil
}

func (in *reader) function(r *record) error {
	words, ok := in.codes[r.Code]
	if !ok {
		return fmt.Errorf("the code %q of %s has not been there before", r.Code, r.Symbol)
	}
	f := Function{Symbol: r.Symbol, Code: words, Executed: make([]bool, len(words))}
	for _, text := range r.Executed {
		from, to, isRange := strings.Cut(text, "..")
		if !isRange {
			to = from
		}
		first, err1 := strconv.ParseUint(from, 0, 64)
		last, err2 := strconv.ParseUint(to, 0, 64)
		if err1 != nil || err2 != nil || last < first || last/4 >= uint64(len(words)) {
			return fmt.Errorf("%s has no instructions %q", r.Symbol, text)
		}
		for i := first / 4; i <= last/4; i++ {
			f.Executed[i] = true
		}
	}
	t := in.target(r)
	t.Functions = append(t.Functions, f)
	return nil
}

// find returns the target's function of that name.
func (t *Target) find(symbol string) *Function {
	i := slices.IndexFunc(t.Functions, func(f Function) bool { return f.Symbol == symbol })
	if i < 0 {
		return nil
	}
	return &t.Functions[i]
}
