// SPDX-License-Identifier: GPL-2.0-only

// Package blind executes fuzz targets millions of times, without looking at what they cover.
//
// Go's fuzzer runs the code with counters, in other processes, and keeps what reaches something new: it finds its way
// into a format, at some ten thousand executions a second. Blind changes the seeds at random, in the process itself,
// which is up to a hundred times as fast: it tries more of what is near to the seeds. A target says
//
//	blind.Fuzz(f, func(t *testing.T, data []byte) { ... })
//
// in place of f.Fuzz, which is what it does unless the environment has STACKSWEEP_EXECS=n: then every seed is changed,
// and the target executed, n times. The changes are the same in every run of the same seeds.
package blind

import (
	"crypto/sha256"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"reflect"
	"runtime/debug"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

// Env is the variable that says how often a target is executed for each seed.
const Env = "STACKSWEEP_EXECS"

// longest is how long one execution may take.
const longest = time.Minute

// Fuzz is f.Fuzz, or what [Env] asks for instead. Fn is a function as f.Fuzz takes it.
func Fuzz(f *testing.F, fn any) {
	f.Helper()
	n, err := strconv.Atoi(os.Getenv(Env))
	if err != nil || n <= 0 {
		f.Fuzz(fn)
		return
	}
	f.Fuzz(many(reflect.ValueOf(fn), n).Interface())
}

// many is a function of the same type that calls fn n times, with changed arguments. It prints how often it did.
func many(fn reflect.Value, n int) reflect.Value {
	return reflect.MakeFunc(fn.Type(), func(args []reflect.Value) []reflect.Value {
		t := args[0].Interface().(*testing.T)
		r := &runner{t: t, fn: fn, changer: newChanger(args[1:], rand.NewPCG(1, uint64(n)))}
		defer r.watch()()
		for r.done < n && !t.Failed() {
			r.some(n)
		}
		if t.Failed() {
			t.Errorf("execution %d: %s", r.done, keep(t.Name(), r.changer.String()))
		}
		fmt.Printf("blind: execs: %d\n", r.done)
		return nil
	})
}

// A runner executes a target for one seed.
type runner struct {
	t       *testing.T
	fn      reflect.Value
	changer *changer
	done    int
	since   atomic.Int64 // when the current execution began, in Unix nanoseconds
}

// some executes the target until n is reached, or until it fails or skips, which end a goroutine.
func (r *runner) some(n int) {
	end := make(chan struct{})
	go func() {
		defer close(end)
		defer func() {
			if p := recover(); p != nil {
				r.t.Errorf("panic: %v\n%s", p, debug.Stack())
			}
		}()
		for r.done < n && !r.t.Failed() {
			r.done++
			args := r.changer.next()
			r.since.Store(time.Now().UnixNano())
			r.fn.Call(append([]reflect.Value{reflect.ValueOf(r.t)}, args...))
		}
	}()
	<-end
}

// watch ends the process when an execution takes too long, until stop is called.
func (r *runner) watch() (stop func()) {
	r.since.Store(time.Now().UnixNano())
	tick, done := time.NewTicker(longest/4), make(chan struct{})
	go func() {
		for {
			select {
			case <-done:
				return
			case now := <-tick.C:
				if took := now.Sub(time.Unix(0, r.since.Load())); took > longest {
					where := keep(r.t.Name(), r.changer.String())
					panic(fmt.Sprintf("execution %d of %s takes more than %v; %s", r.done, r.t.Name(), longest, where))
				}
			}
		}
	}()
	return func() { tick.Stop(); close(done) }
}

// keep writes an input to where go test finds it, as Go's fuzzer does, and says so.
func keep(test, input string) string {
	target, _, _ := strings.Cut(test, "/")
	name := fmt.Sprintf("%x", sha256.Sum256([]byte(input)))[:16]
	dir := filepath.Join("testdata", "fuzz", target)
	err := os.MkdirAll(dir, 0o755)
	if err == nil {
		err = os.WriteFile(filepath.Join(dir, name), []byte(input), 0o644)
	}
	if err != nil {
		return fmt.Sprintf("%v; the input: %s", err, input)
	}
	return fmt.Sprintf(
		"the input is in %s; to run it again: go test -run=%s/%s",
		filepath.Join(dir, name),
		target,
		name,
	)
}
