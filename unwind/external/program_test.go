package external

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"
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
	json.Unmarshal(line, &p)
	action, arg, _ := strings.Cut(action, "=")
	switch action {
	case "hello":
		fmt.Printf(`{"type":"hello","protocol":"stacksweep-walker","version":1,"name":"fake","future":[1]}` + "\n")
	case "version":
		fmt.Printf(`{"type":"hello","protocol":"stacksweep-walker","version":%s}`+"\n", arg)
	case "answer":
		fmt.Printf(`{"id":%d,"frames":[%q],"reliable":true,"future":{}}`+"\n", p.ID, fmt.Sprintf("%#x", uint64(p.Regs.PC)))
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
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	c, err := ParseCommand(fmt.Sprintf("env %s='%s' '%s'", scriptVariable, script, self))
	if err != nil {
		t.Fatal(err)
	}
	return c
}
