// SPDX-License-Identifier: GPL-2.0-only

package kbuild

import (
	"errors"
	"fmt"
	"io/fs"
	"regexp"
	"slices"
	"strings"
)

// ErrAnchor says that an edit doesn't fit the source: its place isn't there, or is there more than once.
var ErrAnchor = errors.New("the edit doesn't fit this source")

// An Edit changes one place of a source file.
//
// A file of edits is read line by line; # begins a comment, and text of ours, which is taken literally, has a + before
// it:
//
//	file PATH             what follows is about this file
//	from REGEXP           what follows is about the lines from the first match of this
//	to REGEXP             to the first match of this after it, both included
//	all                   what follows is about the whole file again
//	after REGEXP          the text goes after the line that matches
//	before REGEXP         before it
//	replace REGEXP        in place of it
//	body                  in place of all lines between the first and the last
//	change REGEXP => NEW  in the line that matches, what matched becomes NEW
//
// An anchor must match one line of those that the edit is about, no more and no less.
type Edit struct {
	Source string // file and line of the edit
	File   string // to be changed, slash-separated
	From   *regexp.Regexp
	To     *regexp.Regexp // nil with From nil: the whole file
	Op     Op
	Anchor *regexp.Regexp // of all but Body
	New    string         // of Change
	Text   []string       // of the others: lines without their ends
}

// An Op is what an edit does.
type Op string

const (
	After   Op = "after"
	Before  Op = "before"
	Replace Op = "replace"
	Body    Op = "body"
	Change  Op = "change"
)

// ParseEdits reads a file of edits. name is what errors call it.
func ParseEdits(name, text string) ([]Edit, error) {
	p := &editParser{name: name}
	for i, line := range strings.Split(strings.TrimSuffix(text, "\n"), "\n") {
		p.line = i + 1
		if err := p.parse(line); err != nil {
			return nil, fmt.Errorf("%s:%d: %w", name, p.line, err)
		}
	}
	for i := range p.edits {
		e := &p.edits[i]
		if needsText := e.Op != Change; needsText != (len(e.Text) > 0) {
			return nil, fmt.Errorf("%s: %s has %d lines of text", e.Source, e.Op, len(e.Text))
		}
		if e.Op == Body && e.From == nil {
			return nil, fmt.Errorf("%s: body of a whole file", e.Source)
		}
	}
	return p.edits, nil
}

type editParser struct {
	name  string
	line  int
	file  string
	from  *regexp.Regexp
	to    *regexp.Regexp
	edits []Edit
}

func (p *editParser) parse(line string) (err error) {
	if text, ok := strings.CutPrefix(line, "+"); ok {
		if len(p.edits) == 0 {
			return errors.New("text without an edit")
		}
		e := &p.edits[len(p.edits)-1]
		e.Text = append(e.Text, text)
		return nil
	}
	if line = strings.TrimSpace(line); line == "" || line[0] == '#' {
		return nil
	}
	word, rest, _ := strings.Cut(line, " ")
	rest = strings.TrimSpace(rest)
	if word == "file" {
		if !fs.ValidPath(rest) || rest == "." {
			return fmt.Errorf("%q is no path inside the source", rest)
		}
		p.file, p.from, p.to = rest, nil, nil
		return nil
	}
	if p.file == "" {
		return errors.New("no file yet")
	}
	switch word {
	case "all":
		p.from, p.to = nil, nil
	case "from":
		p.to = nil
		p.from, err = anchor(rest)
	case "to":
		if p.from == nil {
			return errors.New("to without from")
		}
		p.to, err = anchor(rest)
	default:
		err = p.add(Op(word), rest)
	}
	return err
}

// add begins an edit.
func (p *editParser) add(op Op, rest string) (err error) {
	e := Edit{Source: fmt.Sprintf("%s:%d", p.name, p.line), File: p.file, From: p.from, To: p.to, Op: op}
	if (e.From == nil) != (e.To == nil) {
		return errors.New("from without to")
	}
	switch op {
	case Body:
		if rest != "" {
			return fmt.Errorf("%s takes nothing, not %q", op, rest)
		}
	case Change:
		old, changed, ok := strings.Cut(rest, " => ")
		if !ok {
			return errors.New("change without =>")
		}
		e.New, rest = changed, old
		fallthrough
	case After, Before, Replace:
		e.Anchor, err = anchor(rest)
	default:
		return fmt.Errorf("%q is no edit", op)
	}
	p.edits = append(p.edits, e)
	return err
}

func anchor(text string) (*regexp.Regexp, error) {
	if text == "" {
		return nil, errors.New("no regular expression")
	}
	return regexp.Compile(text)
}

// Apply returns the contents of the files that edits change, by path. The source itself is not changed, so that
// applying the same again gives the same. An edit sees what those before it have done. Its error is ErrAnchor where a
// place isn't found, or a file isn't there.
func Apply(source fs.FS, edits []Edit) (map[string][]byte, error) {
	changed := map[string][]byte{}
	for _, e := range edits {
		text, ok := changed[e.File]
		if !ok {
			var err error
			text, err = fs.ReadFile(source, e.File)
			if errors.Is(err, fs.ErrNotExist) {
				return nil, fmt.Errorf("%s: %w: it has no %s", e.Source, ErrAnchor, e.File)
			}
			if err != nil {
				return nil, err
			}
		}
		lines, err := e.apply(strings.Split(strings.TrimSuffix(string(text), "\n"), "\n"))
		if err != nil {
			return nil, fmt.Errorf("%s: %s: %w", e.Source, e.File, err)
		}
		changed[e.File] = []byte(strings.Join(lines, "\n") + "\n")
	}
	return changed, nil
}

// apply changes the lines of a file.
func (e *Edit) apply(lines []string) ([]string, error) {
	first, last := 0, len(lines)-1
	if e.From != nil {
		if first = slices.IndexFunc(lines, e.From.MatchString); first < 0 {
			return nil, fmt.Errorf("%w: nothing matches from %s", ErrAnchor, e.From)
		}
		n := slices.IndexFunc(lines[first+1:], e.To.MatchString)
		if n < 0 {
			return nil, fmt.Errorf("%w: nothing matches to %s", ErrAnchor, e.To)
		}
		last = first + 1 + n
	}
	if e.Op == Body {
		return slices.Replace(lines, first+1, last, e.Text...), nil
	}
	at, n := -1, 0
	for i := first; i <= last; i++ {
		if e.Anchor.MatchString(lines[i]) {
			at = i
			n++
		}
	}
	if n != 1 {
		return nil, fmt.Errorf("%w: %d lines match %s", ErrAnchor, n, e.Anchor)
	}
	switch e.Op {
	case After:
		return slices.Insert(lines, at+1, e.Text...), nil
	case Before:
		return slices.Insert(lines, at, e.Text...), nil
	case Replace:
		return slices.Replace(lines, at, at+1, e.Text...), nil
	case Change:
		span := e.Anchor.FindStringIndex(lines[at])
		lines[at] = lines[at][:span[0]] + e.New + lines[at][span[1]:]
	}
	return lines, nil
}
