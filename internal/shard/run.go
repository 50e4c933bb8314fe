// SPDX-License-Identifier: GPL-2.0-only

package shard

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"

	"stacksweep/sweep"
	"stacksweep/sweep/verdict"
)

// Watch is told how a run goes on. Each of its functions may be nil, and must be fit to be called by several
// goroutines.
type Watch struct {
	Begin, End func(Unit)          // before and after a unit
	Done       func(have, all int) // after each unit: how many there are now, and how many there will be
}

// Run does the units of the file's shard that the file doesn't have yet, those in first before the others and one at a
// time. It stops at the first error, or when the context is cancelled: what is in the file by then stays there.
func Run(ctx context.Context, f *File, targets []verdict.Target, o sweep.Options, first []Unit, w Watch) error {
	units := f.Header.units()
	var alone, missing []Unit
	for _, u := range units {
		switch {
		case f.Has(u):
		case slices.Contains(first, u):
			alone = append(alone, u)
		default:
			missing = append(missing, u)
		}
	}
	r := &running{file: f, targets: targets, watch: w, all: len(units)}
	r.have.Store(int64(len(units) - len(alone) - len(missing)))
	jobs := o.Jobs
	o.Jobs = 1
	if err := r.run(ctx, alone, o); err != nil {
		return err
	}
	o.Jobs = jobs
	return r.run(ctx, missing, o)
}

// running is a run that is under way.
type running struct {
	file    *File
	targets []verdict.Target
	watch   Watch
	have    atomic.Int64
	all     int
}

// run does units that the file doesn't have.
func (r *running) run(ctx context.Context, missing []Unit, o sweep.Options) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	jobs := max(1, min(o.Jobs, len(missing)))
	o.Jobs = max(1, o.Jobs/jobs)
	o.Points, o.Progress = nil, nil
	queue := make(chan Unit)
	errs := make(chan error, jobs)
	var workers sync.WaitGroup
	for range jobs {
		workers.Go(func() {
			for u := range queue {
				if err := r.unit(ctx, u, o); err != nil {
					errs <- err
					cancel()
					return
				}
			}
		})
	}
	for _, u := range missing {
		select {
		case queue <- u:
			continue
		case <-ctx.Done():
		}
		break
	}
	close(queue)
	workers.Wait()
	close(errs)
	var first error
	for err := range errs {
		if first == nil || errors.Is(first, context.Canceled) {
			first = err
		}
	}
	if first == nil {
		first = context.Cause(ctx)
	}
	return first
}

// unit does one unit.
func (r *running) unit(ctx context.Context, u Unit, o sweep.Options) error {
	if r.watch.Begin != nil {
		r.watch.Begin(u)
	}
	p, err := sweep.SweepPart(ctx, r.targets[u.Target], o, r.file.Header.slice(u))
	if err == nil {
		err = r.file.Add(u, p)
	}
	if err != nil {
		return err
	}
	if r.watch.End != nil {
		r.watch.End(u)
	}
	if n := r.have.Add(1); r.watch.Done != nil {
		r.watch.Done(int(n), r.all)
	}
	return nil
}

// A Set is the files of all shards of a sweep.
type Set struct {
	files []*File
	by    map[Unit]*File
}

// ErrIncomplete says that a sweep can't be put together: shards are missing, double or not complete.
var ErrIncomplete = errors.New("the shards are not complete")

// NewSet checks that files are those of all shards of one sweep, and complains about every one that isn't.
func NewSet(files []*File) (*Set, error) {
	if len(files) == 0 {
		return nil, fmt.Errorf("%w: no file", ErrIncomplete)
	}
	s := &Set{files: files, by: map[Unit]*File{}}
	var errs []error
	first := files[0]
	have := map[int]*File{}
	for _, f := range files {
		if d := f.Header.differs(&first.Header); d != "" {
			errs = append(errs, fmt.Errorf("%s: %w than %s: %s", f.Name, ErrOther, first.Name, d))
			continue
		}
		index := f.Header.Shard.Index
		if other := have[index]; other != nil {
			errs = append(errs, fmt.Errorf("%w: shard %v is there twice: %s and %s", ErrIncomplete, f.Header.Shard,
				other.Name, f.Name))
			continue
		}
		have[index] = f
		units := f.Header.units()
		lack := 0
		for _, u := range units {
			if !f.Has(u) {
				lack++
			}
			s.by[u] = f
		}
		if lack > 0 {
			errs = append(errs, fmt.Errorf("%s: %w: shard %v lacks %d of its %d parts; run it again to complete it",
				f.Name, ErrIncomplete, f.Header.Shard, lack, len(units)))
		}
	}
	for i := 1; i <= first.Header.Shard.Of; i++ {
		if have[i] == nil {
			errs = append(errs, fmt.Errorf("%w: shard %d/%d is missing", ErrIncomplete, i, first.Header.Shard.Of))
		}
	}
	return s, errors.Join(errs...)
}

// Partial is the set of a file, however much of it is missing.
func Partial(f *File) *Set {
	s := &Set{files: []*File{f}, by: map[Unit]*File{}}
	for _, u := range f.Header.units() {
		if f.Has(u) {
			s.by[u] = f
		}
	}
	return s
}

// Header is the header that all files share, but for the shard.
func (s *Set) Header() *Header { return &s.files[0].Header }

// Report hands over the results of all targets, as [sweep.Sweep] does. Targets of which a part is missing are left out:
// the error is then a [sweep.Interrupted].
func (s *Set) Report(ctx context.Context, targets []verdict.Target, o sweep.Options,
	done func(*sweep.RunResult) error) error {
	cut := sweep.Interrupted{Targets: len(targets), Cause: context.Canceled}
	for i, t := range targets {
		if err := ctx.Err(); err != nil {
			return err
		}
		parts, err := s.parts(i)
		if err != nil {
			return err
		}
		if len(parts) < s.Header().Slices {
			continue
		}
		cut.Complete++
		result, err := sweep.Assemble(t, o, parts)
		if err != nil {
			return err
		}
		if o.Points != nil && len(result.Points) > 0 {
			if err := o.Points(result.Subject, result.Points); err != nil {
				return fmt.Errorf("%s: %w", t, err)
			}
			result.Points = nil
		}
		if err := done(result); err != nil {
			return fmt.Errorf("%s: %w", t, err)
		}
	}
	if cut.Complete < cut.Targets {
		return &cut
	}
	return nil
}

// parts reads the parts of a target that are there.
func (s *Set) parts(target int) (parts []*sweep.Part, err error) {
	for k := range s.Header().Slices {
		u := Unit{target, k}
		f := s.by[u]
		if f == nil {
			continue
		}
		p, err := f.Part(u)
		if err != nil {
			return nil, err
		}
		parts = append(parts, p)
	}
	return parts, nil
}
