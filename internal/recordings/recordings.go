// SPDX-License-Identifier: GPL-2.0-only

// Package recordings makes scenarios of recordings in files, and files of scenarios.
//
// A file names the Image whose code ran, by a hash. That of a booted kernel is the SHA-256 of its file; that of any
// other scenario is taken over what the image loads, and the scenario itself is the one of that name in this program.
package recordings

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"stacksweep/emu"
	"stacksweep/emu/recfile"
	"stacksweep/emu/remote"
	"stacksweep/image"
	"stacksweep/internal/kernels"
	"stacksweep/internal/live"
	"stacksweep/internal/wholefile"
	"stacksweep/scenarios"
	"stacksweep/scenarios/kernel"
	"stacksweep/unwind"
)

// Extension is how the names of recordings end.
const Extension = ".rec"

// Errors of Open wrap one of these, or one of recfile's.
var (
	// ErrImage: the Image that the recording is of isn't at hand; what is has another hash.
	ErrImage = errors.New("the recording is of another Image")
	// ErrDescription: the file says nothing that is understood about its run.
	ErrDescription = errors.New("the recording's description can't be read")
)

// A description is what a file says about its run, as JSON.
type description struct {
	Scenario string     `json:"scenario"`
	Variant  string     `json:"variant"`
	Image    imageID    `json:"image"`
	Live     *liveTask  `json:"live,omitempty"` // of a booted kernel
	Partial  string     `json:"partial,omitempty"`
	Walks    []liveWalk `json:"walks,omitempty"`
}

// imageID names an Image.
type imageID struct {
	Name   string `json:"name"`   // as it was called, for people
	SHA256 string `json:"sha256"` // in hexadecimal
}

// liveTask is what a booted kernel's recording needs besides.
type liveTask struct {
	Task kernel.LiveTask   `json:"task"`
	Code []remote.CodeLine `json:"code"` // as it was executed, where that isn't as in the Image
}

type liveWalk = live.Walk

// Name reports whether a scenario's name is that of a recording's file, and which file that is.
func Name(name string) (file string, ok bool) {
	file, _, _ = strings.Cut(name, "@")
	if i := strings.LastIndex(file, Extension+":"); i >= 0 {
		file = file[:i+len(Extension)]
	}
	return file, strings.HasSuffix(file, Extension)
}

// A Source finds what a recording doesn't contain.
type Source struct {
	Image string                                           // a file of the user's with the Image; "": one of the cache
	Named func(name string) ([]*scenarios.Scenario, error) // the scenarios that a name speaks of
}

// Open makes a scenario of a file, whose name is that of the file.
func Open(file string, from Source) (*scenarios.Scenario, error) {
	f, err := recfile.Read(file)
	if err != nil {
		return nil, err
	}
	var d description
	if err := json.Unmarshal(f.Description, &d); err != nil || d.Variant == "" {
		return nil, fmt.Errorf("%s: %w", file, ErrDescription)
	}
	build := func() (*scenarios.Run, error) { return executed(f, &d, from) }
	if d.Live != nil {
		build = func() (*scenarios.Run, error) { return booted(f, &d, from) }
	}
	doc := fmt.Sprintf("a recording of %s:%s", d.Scenario, d.Variant)
	if d.Partial != "" {
		doc += ", partial: " + d.Partial
	}
	return scenarios.New(file, doc, []scenarios.Variant{{Name: d.Variant, Doc: doc}},
		func(_ string, o scenarios.Options) (*scenarios.Run, error) {
			if o.Shift != 0 {
				return nil, errors.New("the stacks of a recording can't be moved")
			}
			run, err := build()
			if err == nil {
				run.Origin, run.Unfinished = d.Scenario, d.Partial
			}
			return run, err
		}), nil
}

// booted makes the run of a booted kernel's recording.
func booted(f *recfile.File, d *description, from Source) (*scenarios.Run, error) {
	path, err := findImage(d.Image, from.Image)
	if err != nil {
		return nil, err
	}
	k, err := kernel.Load(d.Image.Name, path)
	if err != nil {
		return nil, err
	}
	code := remote.Code(d.Live.Code)
	return k.Live(d.Live.Task, f.Recording, code.Word)
}

// findImage finds an Image by its hash: the user's file, or one of the cache.
func findImage(id imageID, file string) (string, error) {
	if file != "" {
		sum, err := wholefile.SHA256(file)
		if err == nil && sum != id.SHA256 {
			err = fmt.Errorf("%w: of %s, SHA-256 %.16s…, and %s has %.16s…", ErrImage, id.Name, id.SHA256, file, sum)
		}
		return file, err
	}
	cached, err := kernels.List()
	if err != nil {
		return "", err
	}
	for _, k := range cached {
		if k.SHA256 == id.SHA256 {
			entry, err := kernels.Info(k.Release)
			return entry.Image, err
		}
	}
	return "", fmt.Errorf("%w: of %s, SHA-256 %.16s…, which is not in the cache; -image FILE names it", ErrImage,
		id.Name, id.SHA256)
}

// executed makes the run of a recording of a scenario that this program has, too.
func executed(f *recfile.File, d *description, from Source) (*scenarios.Run, error) {
	all, err := from.Named(d.Scenario)
	if err != nil {
		return nil, err
	}
	for _, s := range all {
		if s.Name != d.Scenario {
			continue
		}
		run, err := s.Build(d.Variant, scenarios.Options{})
		if err != nil {
			return nil, err
		}
		if sum := hashImage(run.Image); sum != d.Image.SHA256 {
			return nil, fmt.Errorf("%w: of %s, hash %.16s…, and here it is %.16s…", ErrImage, d.Image.Name,
				d.Image.SHA256, sum)
		}
		code := slices.DeleteFunc(slices.Clone(run.Config.Regions), func(r emu.Region) bool {
			return r.Perm&emu.Write != 0
		})
		run.Recorded, err = f.Recording.WithCode(code)
		return run, err
	}
	return nil, fmt.Errorf("%w: nothing here is called %s", ErrImage, d.Scenario)
}

// hashImage is the SHA-256 of what an image loads: address, size and bytes of each segment.
func hashImage(im *image.Image) string {
	sum := sha256.New()
	for _, s := range im.Segments {
		var place [16]byte
		binary.LittleEndian.PutUint64(place[:], s.Addr)
		binary.LittleEndian.PutUint64(place[8:], uint64(len(s.Data)))
		sum.Write(place[:])
		sum.Write(s.Data)
	}
	return hex.EncodeToString(sum.Sum(nil))
}

// SaveLive writes what was recorded of a booted kernel, whose Image is a file.
func SaveLive(file, scenario, variant, imageName, imageFile string, im *image.Image, r *live.Record) error {
	sum, err := wholefile.SHA256(imageFile)
	if err != nil {
		return err
	}
	d := description{
		Scenario: scenario, Variant: variant, Image: imageID{imageName, sum},
		Live: &liveTask{Task: r.Task, Code: changed(r.Code, im)}, Walks: r.Walks,
	}
	if r.Partial != nil {
		d.Partial = r.Partial.Error()
	}
	return save(file, &d, &recfile.File{Recording: r.Recording})
}

// changed are the lines of code that the Image doesn't have like this.
func changed(code remote.Code, im *image.Image) (lines []remote.CodeLine) {
	for _, l := range code {
		if have, ok := im.Bytes(l.Addr, uint64(len(l.Data))); !ok || !bytes.Equal(have, l.Data) {
			lines = append(lines, l)
		}
	}
	return lines
}

// Save writes a scenario's run, with its recording. Only the memory that an unwinder may look at is kept: the rest is
// the Image's, or is of no interest to it.
func Save(file string, run *scenarios.Run, recording *emu.Recording) error {
	kept, err := readable(run, recording)
	if err != nil {
		return err
	}
	f := &recfile.File{Recording: kept}
	d := description{Scenario: run.Scenario, Variant: run.Variant, Image: imageID{run.Image.Name, hashImage(run.Image)}}
	return save(file, &d, f)
}

// readable is a recording of the run's readable memory alone.
func readable(run *scenarios.Run, r *emu.Recording) (*emu.Recording, error) {
	ranges := slices.SortedFunc(slices.Values(run.Readable), func(a, b unwind.Range) int {
		return cmp.Compare(a.Start, b.Start)
	})
	memory, err := emu.NewMemory(nil)
	if err != nil {
		return nil, err
	}
	end := uint64(0)
	for _, x := range ranges {
		x.Start = max(x.Start, end)
		if x.Start >= x.End {
			continue
		}
		end = x.End
		data := make([]byte, x.End-x.Start)
		if !r.Initial.Read(x.Start, data) {
			return nil, fmt.Errorf("the recording has no memory at [%#x, %#x)", x.Start, x.End)
		}
		if err := memory.Add(emu.Region{Base: x.Start, Size: x.End - x.Start, Data: data,
			Perm: emu.Read | emu.Write}); err != nil {
			return nil, err
		}
	}
	var chunks []*emu.Chunk
	for _, c := range r.Chunks {
		kept := *c
		kept.Stores = nil
		for i := range c.Stores {
			if memory.Holds(&c.Stores[i]) {
				kept.Stores = append(kept.Stores, c.Stores[i])
			}
		}
		chunks = append(chunks, &kept)
	}
	return emu.NewRecording(r.Mode, r.Start, r.End, memory, chunks)
}

func save(file string, d *description, f *recfile.File) error {
	text, err := json.Marshal(d)
	if err != nil {
		return err
	}
	f.Description = text
	return recfile.Write(file, f)
}
