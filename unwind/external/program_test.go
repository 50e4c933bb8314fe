// SPDX-License-Identifier: GPL-2.0-only

package external

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"stacksweep/unwind"
)

// The programs that the tests run are this test itself, executed again with a script in its environment: what to do
// at the hello, at the first point, at the second one, …; the last word is for all that follow.
const scriptVariable = "EXTERNAL_TEST_SCRIPT"

func TestMain(m *testing.M) {
	if script, ok := os.LookupEnv(scriptVariable); ok {
		fake(strings.Fields(script))
		return
	}
	os.Exit(m.Run())
}

// fake is a program that misbehaves as its script says.
func fake(script []string) {
	lines := bufio.NewReader(os.Stdin)
	for step := 0; ; step++ {
		line, err := lines.ReadBytes('\n')
		if err != nil {
			return
		}
		fakeStep(script[min(step, len(script)-1)], line)
	}
}

func fakeStep(action string, line []byte) {
	var p Point
	json.Unmarshal(line, &p) // the hello is not a point, and leaves it zero
	action, arg, _ := strings.Cut(action, "=")
	switch action {
	case "hello":
		fmt.Printf(`{"type":"hello","protocol":"stacksweep-walker","version":1,"name":"fake","future":[1]}` + "\n")
	case "file": // a hello, if the image has the contents that it should
		var h Hello
		json.Unmarshal(line, &h)
		if image, err := os.ReadFile(h.Path); string(image) != "an image" {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		fakeStep("hello", line)
	case "keeps":
		fmt.Printf(`{"type":"hello","protocol":"stacksweep-walker","version":1,"keeps_memory":true}` + "\n")
	case "version":
		fmt.Printf(`{"type":"hello","protocol":"stacksweep-walker","version":%s}`+"\n", arg)
	case "answer":
		fmt.Printf(`{"id":%d,"frames":[%q],"reliable":true,"future":{}}`+"\n", p.ID,
			fmt.Sprintf("%#x", uint64(p.Regs.PC)))
	case "sizes": // as frames, how many bytes of memory each piece has that is sent
		var sizes []string
		for _, m := range p.Memory {
			sizes = append(sizes, fmt.Sprintf(`"%#x"`, len(m.Data)))
		}
		fmt.Printf(`{"id":%d,"frames":[%s],"reliable":true}`+"\n", p.ID, strings.Join(sizes, ","))
	case "unsure":
		fmt.Printf(`{"id":%d,"frames":["0x10"],"reliable":false,"error":"no\nidea"}`+"\n", p.ID)
	case "say":
		fmt.Println(strings.ReplaceAll(arg, "ID", fmt.Sprint(p.ID)))
	case "frames":
		var n int
		fmt.Sscan(arg, &n)
		fmt.Printf(`{"id":%d,"frames":["0x1"%s],"reliable":true}`+"\n", p.ID, strings.Repeat(`,"0x1"`, n-1))
	case "long":
		fmt.Println(strings.Repeat("x", MaxAnswer+1))
	case "partial":
		fmt.Print(`{"id":`)
		os.Exit(0)
	case "exit":
		fmt.Fprintln(os.Stderr, "out of\tideas")
		os.Exit(3)
	case "crash":
		panic("crash")
	case "hang":
		time.Sleep(time.Hour)
	case "pid": // of the program, as a frame
		fmt.Printf(`{"id":%d,"frames":["%#x"],"reliable":true}`+"\n", p.ID, os.Getpid())
	case "deaf": // answers once, then reads nothing more
		fakeStep("answer", line)
		time.Sleep(time.Hour)
	case "close":
		os.Stdout.Close()
		os.Stdin.Close()
		time.Sleep(time.Hour)
	default:
		panic("no action " + action)
	}
}

// fakeCommand is the command that runs fake with a script.
func fakeCommand(t *testing.T, script string) Command {
	t.Helper()
	return parse(t, fmt.Sprintf("env %s='%s' '%s'", scriptVariable, script, self(t)))
}

func self(t *testing.T) string {
	t.Helper()
	name, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	return name
}

func parse(t *testing.T, text string) Command {
	t.Helper()
	c, err := ParseCommand(text)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// TestGrandchild sees that what a program has started ends with it.
func TestGrandchild(t *testing.T) {
	c := parse(t, fmt.Sprintf(`env %s="hello pid hang" sh -c '"%s"; true'`, scriptVariable, self(t)))
	w := New(c, Options{Answer: 200 * time.Millisecond})
	defer w.Close()
	var trace unwind.Trace
	w.Walk(callTask(make(ram, 128)), &trace)
	if len(trace.Frames) != 1 {
		t.Fatal(trace.Failure)
	}
	pid := int(trace.Frames[0].PC)
	w.Walk(callTask(make(ram, 128)), &trace)
	for deadline := time.Now().Add(5 * time.Second); alive(pid); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("process %d outlives its parent", pid)
		}
	}
}

func TestTail(t *testing.T) {
	var last tail
	for i := range 1000 {
		fmt.Fprintf(&last, "%04d ", i)
	}
	if got := last.String(); len(got) != tailSize || !strings.HasSuffix(got, "0998 0999 ") {
		t.Errorf("%d bytes, ending in %.20q", len(got), got[max(0, len(got)-20):])
	}
}
