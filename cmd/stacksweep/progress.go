// SPDX-License-Identifier: GPL-2.0-only

package main

import (
	"fmt"
	"io"
	"os"
	"sync"
	"time"

	"github.com/charmbracelet/x/term"

	"stacksweep/sweep"
)

// When the progress of a sweep is first shown, and how often then.
const (
	progressDelay = time.Second
	progressEvery = 200 * time.Millisecond
)

// A progressLine shows how far a sweep is, in a line of a terminal that is written again and again.
type progressLine struct {
	w        io.Writer
	progress sweep.Progress
	start    time.Time
	quit     chan struct{}
	done     sync.WaitGroup
}

// showProgress begins to show progress on stderr. It returns nil if that is not a terminal.
func showProgress(stderr io.Writer) *progressLine {
	f, ok := stderr.(*os.File)
	if !ok || !term.IsTerminal(f.Fd()) {
		return nil
	}
	p := &progressLine{w: stderr, start: time.Now(), quit: make(chan struct{})}
	p.done.Go(p.run)
	return p
}

func (p *progressLine) run() {
	shown := false
	for tick := time.After(progressDelay); ; tick = time.After(progressEvery) {
		select {
		case <-tick:
			fmt.Fprint(p.w, "\r\x1b[K"+progressText(p.progress.Report(), time.Since(p.start)))
			shown = true
		case <-p.quit:
			if shown {
				fmt.Fprint(p.w, "\r\x1b[K")
			}
			return
		}
	}
}

// of returns what a sweep keeps up to date, nil if nothing is shown.
func (p *progressLine) of() *sweep.Progress {
	if p == nil {
		return nil
	}
	return &p.progress
}

// end takes the line away.
func (p *progressLine) end() {
	if p != nil {
		close(p.quit)
		p.done.Wait()
	}
}

// progressText is how far a sweep is after some time, in a line.
func progressText(r sweep.ProgressReport, elapsed time.Duration) string {
	text := fmt.Sprintf("%d of %d targets, %.1f %%, %v", r.Done, r.Targets, 100*r.Part, elapsed.Round(time.Second))
	if r.Part > 0 {
		text += fmt.Sprintf(", about %v left", r.Left(elapsed).Round(time.Second))
	}
	return text + "; Ctrl-C prints what there is"
}
