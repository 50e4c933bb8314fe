// SPDX-License-Identifier: GPL-2.0-only

package diff

import (
	"encoding/json"
	"fmt"
	"io"
)

type jsonPlace struct {
	Symbol  string `json:"symbol"`
	From    string `json:"from"`
	To      string `json:"to"`
	Verdict string `json:"verdict"`
}

type jsonChange struct {
	Type         string     `json:"type"`
	Kind         string     `json:"kind"`
	OldTarget    string     `json:"old_target"`
	NewTarget    string     `json:"new_target"`
	Mode         string     `json:"mode"`
	Deliver      string     `json:"deliver,omitempty"`
	Walkers      []string   `json:"walkers"`
	Old          *jsonPlace `json:"old,omitempty"`
	New          *jsonPlace `json:"new,omitempty"`
	Instructions int        `json:"instructions"`
	Point        string     `json:"point"`
	Rewritten    bool       `json:"rewritten,omitempty"`
	Fails        bool       `json:"fails"`
}

type jsonOnly struct {
	Type    string `json:"type"`
	Target  string `json:"target"`
	Mode    string `json:"mode,omitempty"`
	Deliver string `json:"deliver,omitempty"`
	Walker  string `json:"walker,omitempty"`
	In      string `json:"in"` // old or new
	Unsound *int   `json:"unsound,omitempty"`
}

// jsonFailed is a target that the new run couldn't sweep.
type jsonFailed struct {
	Type   string `json:"type"`
	Target string `json:"target"`
	Error  string `json:"error"`
	Fails  bool   `json:"fails"` // the old run could
}

type jsonTotal struct {
	Type     string `json:"type"`
	Walker   string `json:"walker"`
	Worse    int    `json:"worse"`
	Appeared int    `json:"appeared"`
	Better   int    `json:"better"`
	Vanished int    `json:"vanished"`
}

type jsonEnd struct {
	Type    string `json:"type"`
	Same    int    `json:"same"`
	Differ  int    `json:"differ"`
	Partial bool   `json:"partial"`
	Coded   bool   `json:"coded"`
	Failed  bool   `json:"failed"`
}

// JSONLines writes a report as JSON lines: objects of type "change", "failed", "only", "total" and, last, "diff".
func (r *Report) JSONLines(w io.Writer) error {
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	var all []any
	for _, t := range r.Targets {
		all = append(all, t.objects()...)
	}
	for _, t := range r.Walkers {
		all = append(all, jsonTotal{"total", t.Walker, t.Counts[Worse], t.Counts[Appeared], t.Counts[Better],
			t.Counts[Vanished]})
	}
	all = append(all, jsonEnd{"diff", r.Same, len(r.Targets), r.Partial, r.Coded, r.Failed()})
	for _, o := range all {
		if err := enc.Encode(o); err != nil {
			return err
		}
	}
	return nil
}

func (t *TargetReport) objects() (all []any) {
	switch {
	case t.Failed != "":
		return []any{jsonFailed{"failed", t.New, t.Failed, t.Old != ""}}
	case t.Old == "":
		return []any{jsonOnly{Type: "only", Target: t.New, In: "new", Unsound: &t.Unsound}}
	case t.New == "":
		return []any{jsonOnly{Type: "only", Target: t.Old, In: "old", Unsound: &t.Unsound}}
	}
	for _, s := range t.Only {
		in := "old"
		if s.InNew {
			in = "new"
		}
		all = append(all, jsonOnly{Type: "only", Target: t.New, Mode: s.Mode, Deliver: s.Deliver,
			Walker: s.Walker, In: in})
	}
	for _, c := range t.Changes {
		all = append(all, jsonChange{
			Type: "change", Kind: c.Kind.String(), OldTarget: t.Old, NewTarget: t.New, Mode: c.Mode, Deliver: c.Deliver,
			Walkers: c.Walkers, Old: c.Old.json(), New: c.New.json(), Instructions: c.Instructions, Point: c.Point,
			Rewritten: c.Rewritten, Fails: c.Fails,
		})
	}
	return all
}

func (p *Place) json() *jsonPlace {
	if p == nil {
		return nil
	}
	return &jsonPlace{p.Symbol, fmt.Sprintf("%#x", p.From), fmt.Sprintf("%#x", p.To), p.Verdict.String()}
}
