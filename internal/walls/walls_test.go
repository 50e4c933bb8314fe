// SPDX-License-Identifier: GPL-2.0-only

package walls

import (
	"bytes"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"
	"time"
)

// script makes a child of a shell script, which finds the folder that it shares with its parent in $1.
func script(t *testing.T, text string) Options {
	t.Helper()
	t.Setenv("TMPDIR", t.TempDir())
	return Options{
		Command: []string{"/bin/sh", "-c", text, "sh"},
		Name:    "sh",
		Stdout:  &bytes.Buffer{},
		Stderr:  os.Stderr,
		Whole:   true,
		stall:   time.Second,
	}
}

// A child that waits for what never comes is ended, with the work that it was at.
func TestStall(t *testing.T) {
	_, err := Run(t.Context(), script(t, `echo "begin one" >$1/journal; exec sleep 60`))
	if want := "engine died: the limit of 1s without any work is reached, in one"; errorText(err) != want {
		t.Errorf("got %v, want %q", err, want)
	}
	if !errors.Is(err, ErrDied) {
		t.Errorf("%v is no ErrDied", err)
	}
}

// A child works as long as it uses more CPU time than timers do, however seldom one looks.
func TestIdle(t *testing.T) {
	start := time.Now()
	for _, tt := range []struct {
		name string
		used func(elapsed time.Duration) time.Duration
		idle time.Duration // after ten minutes
	}{
		{"all of a processor", func(e time.Duration) time.Duration { return e }, 0},
		{"one percent", func(e time.Duration) time.Duration { return e / 100 }, 0},
		{"nothing", func(time.Duration) time.Duration { return time.Second }, 10 * time.Minute},
		{"what timers take", func(e time.Duration) time.Duration { return e / 1000 }, 10 * time.Minute},
		{"four minutes", func(e time.Duration) time.Duration { return min(e, 4*time.Minute) }, 6 * time.Minute},
	} {
		w := work{used: tt.used(0), since: start}
		var got time.Duration
		for e := time.Duration(0); e <= 10*time.Minute; e += 15 * time.Second {
			got = w.idle(start.Add(e), tt.used(e))
		}
		if got != tt.idle {
			t.Errorf("%s: idle for %v, want %v", tt.name, got, tt.idle)
		}
	}
}

// The time of a group is that of its processes, and of those that have ended.
func TestGroupTime(t *testing.T) {
	const loop = `sh -c 'n=0; while [ $n -lt 300000 ]; do n=$((n+1)); done'; echo done; read line`
	cmd := exec.Command("/bin/sh", "-c", loop)
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	if _, err := out.Read(make([]byte, 5)); err != nil {
		t.Fatal(err)
	}
	if got := groupTime(cmd.Process.Pid); got < 20*time.Millisecond {
		t.Errorf("a loop of 300,000 took %v", got)
	}
	in.Close()
	_ = cmd.Wait()
	if got := groupTime(cmd.Process.Pid); got != 0 {
		t.Errorf("a group that has ended has %v", got)
	}
}

func errorText(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}

// A child that is attached reads what its parent would, prints where its parent would, and its death is told.
func TestAttached(t *testing.T) {
	for name, tt := range map[string]struct {
		text, want, err string
		status          int
	}{
		"ends": {`read line; echo "got $line"; echo "exit 3" >$1/journal`, "got input\n", "", 3},
		"dies": {`read line; echo "got $line"; echo "begin one" >$1/journal; echo "x: Assertion failed" >&2; exit 9`,
			"got input\n",
			"engine died: x: Assertion failed, exit status 9, in one", 0},
	} {
		t.Run(name, func(t *testing.T) {
			o := script(t, tt.text)
			in, out := filepath.Join(t.TempDir(), "in"), filepath.Join(t.TempDir(), "out")
			if err := os.WriteFile(in, []byte("input\n"), 0o600); err != nil {
				t.Fatal(err)
			}
			var err error
			if o.Stdin, err = os.Open(in); err != nil {
				t.Fatal(err)
			}
			defer o.Stdin.Close()
			file, err := os.Create(out)
			if err != nil {
				t.Fatal(err)
			}
			defer file.Close()
			o.Stdout = file
			status, err := Attached(t.Context(), o)
			got, _ := os.ReadFile(out)
			if string(got) != tt.want || status != tt.status || errorText(err) != tt.err {
				t.Errorf("got %q, status %d, %v", got, status, err)
			}
		})
	}
}

// The fields are counted from after the name, whatever is in it.
func TestParseStat(t *testing.T) {
	group, used := parseStat("7 (a ) b (c) S 1 42 42 0 -1 4194560 1 2 3 4 10 20 30 40 20 0 1 0 5")
	if group != 42 || used != time.Second {
		t.Errorf("group %d, %v", group, used)
	}
	for _, text := range []string{"", "7 (a) S 1", ")"} {
		if group, used := parseStat(text); group != 0 || used != 0 {
			t.Errorf("%q: group %d, %v", text, group, used)
		}
	}
}
