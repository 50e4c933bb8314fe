// SPDX-License-Identifier: GPL-2.0-only

package check

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// workflow is what there is in a workflow of GitHub Actions, and steps in an action: the syntax that these files use.
type workflow struct {
	Name string           `json:"name"`
	On   any              `json:"on"`
	Env  map[string]any   `json:"env"`
	Jobs map[string]ghJob `json:"jobs"`
}

type ghJob struct {
	Needs     any    `json:"needs"`
	RunsOn    string `json:"runs-on"`
	Container string `json:"container"`
	Strategy  struct {
		FailFast bool             `json:"fail-fast"`
		Matrix   map[string][]any `json:"matrix"`
	} `json:"strategy"`
	Steps []ghStep `json:"steps"`
}

type ghStep struct {
	ID    string         `json:"id"`
	If    string         `json:"if"`
	Uses  string         `json:"uses"`
	With  map[string]any `json:"with"`
	Run   string         `json:"run"`
	Shell string         `json:"shell"`
	Env   map[string]any `json:"env"`
}

type action struct {
	Name, Description string
	Branding          map[string]string
	Inputs            map[string]struct{ Description, Default string }
	Outputs           map[string]struct{ Description, Value string }
	Runs              struct {
		Using string   `json:"using"`
		Steps []ghStep `json:"steps"`
	}
}

func TestGitHubMatrix(t *testing.T) {
	w := strict[workflow](t, bytes.Replace(read(t, "../github-matrix.yml"), []byte("\non:"), []byte("\n\"on\":"), 1))
	if n := len(w.Jobs["shard"].Strategy.Matrix["shard"]); w.Env["SHARDS"] != float64(n) {
		t.Errorf("%v shards, and %d in the matrix", w.Env["SHARDS"], n)
	}
	for name, job := range w.Jobs {
		for _, s := range job.Steps {
			if (s.Uses == "") == (s.Run == "") {
				t.Errorf("%s: a step must either use an action or run something: %+v", name, s)
			}
		}
	}
	if w.Jobs["merge"].Needs != "shard" || w.Jobs["shard"].Needs != "build" {
		t.Error("the jobs don't follow each other")
	}
}

// Every expression in the action names an input or an output that there is, and every input is used.
func TestAction(t *testing.T) {
	text := read(t, "../../action.yml")
	a := strict[action](t, text)
	if a.Runs.Using != "composite" {
		t.Errorf("runs.using is %q", a.Runs.Using)
	}
	used := map[string]bool{}
	for _, m := range regexp.MustCompile(`\$\{\{ inputs\.([a-z]+) \}\}`).FindAllSubmatch(text, -1) {
		used[string(m[1])] = true
		if _, ok := a.Inputs[string(m[1])]; !ok {
			t.Errorf("no input %s", m[1])
		}
	}
	for name := range a.Inputs {
		if !used[name] {
			t.Errorf("the input %s is not used", name)
		}
	}
	script := string(read(t, "../../.ci/action"))
	for name, o := range a.Outputs {
		if !strings.Contains(script, "\""+name+"=") && !strings.Contains(script, "echo \""+name+"=") {
			t.Errorf("the script doesn't set the output %s (%s)", name, o.Value)
		}
	}
	for _, s := range a.Runs.Steps {
		if s.Run != "" && s.Shell == "" {
			t.Errorf("a composite action's step needs a shell: %s", s.Run)
		}
	}
}

// The action's script does what the action promises, with a gh that notes what it is asked.
func TestActionRuns(t *testing.T) {
	program := stacksweep(t)
	script, err := filepath.Abs("../../.ci/action")
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	gh := "#!/bin/sh\necho \"$@\" >>" + dir + "/gh.log\ncat stacksweep-report/diff.md >>" + dir + "/gh.log\n"
	if err := os.WriteFile(filepath.Join(dir, "gh"), []byte(gh), 0o755); err != nil {
		t.Fatal(err)
	}
	run := func(wantStatus int, env ...string) string {
		t.Helper()
		c := exec.Command(script)
		c.Dir = dir
		c.Env = append(os.Environ(), "PATH="+dir+":"+os.Getenv("PATH"), "STACKSWEEP="+program,
			"GITHUB_OUTPUT="+dir+"/output", "GITHUB_STEP_SUMMARY="+dir+"/summary", "INPUT_ARGS=-walker v6.12,sframe",
			"INPUT_COMMENT=true", "PULL_REQUEST=7")
		c.Env = append(c.Env, env...)
		out, err := c.CombinedOutput()
		if status := c.ProcessState.ExitCode(); status != wantStatus {
			t.Fatalf("exit status %d, want %d: %v\n%s", status, wantStatus, err, out)
		}
		return string(out)
	}
	out := run(0, "INPUT_SCENARIOS=fgraph/resched:record")
	if !strings.Contains(out, "::notice title=stacksweep::") {
		t.Errorf("the annotations are\n%s", out)
	}
	if err := os.Rename(filepath.Join(dir, "stacksweep-report", "report.jsonl"),
		filepath.Join(dir, "baseline.jsonl")); err != nil {
		t.Fatal(err)
	}
	run(1, "INPUT_SCENARIOS=fgraph/resched:mainline", "INPUT_BASELINE="+dir+"/baseline.jsonl")
	if log := string(read(t, filepath.Join(dir, "gh.log"))); !strings.HasPrefix(log,
		"pr comment 7 --body-file stacksweep-report/diff.md\n**targets: 1 different") ||
		!strings.Contains(log, "| **WORSE** | blocked |") {
		t.Errorf("the comment is\n%s", log)
	}
	summary := string(read(t, filepath.Join(dir, "summary")))
	for _, want := range []string{"## stacksweep\n", "| v6.12 | ", "## Compared with the baseline\n",
		"something got worse"} {
		if !strings.Contains(summary, want) {
			t.Errorf("%q is missing in the summary\n%s", want, summary)
		}
	}
	if got, want := string(read(t, filepath.Join(dir, "output"))),
		strings.Repeat("report=stacksweep-report/report.html\njsonl=stacksweep-report/report.jsonl\n", 2)+
			"diff=stacksweep-report/diff.md\n"; got != want {
		t.Errorf("the outputs are\n%s", got)
	}
	run(2, "INPUT_SCENARIOS=no/such:thing")
}
