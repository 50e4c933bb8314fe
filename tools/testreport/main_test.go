// SPDX-License-Identifier: GPL-2.0-only

package main

import (
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

const events = `{"Action":"run","Package":"m/a","Test":"TestOne"}
{"Action":"output","Package":"m/a","Test":"TestOne","Output":"=== RUN   TestOne\n"}
{"Action":"pass","Package":"m/a","Test":"TestOne"}
{"Action":"output","Package":"m/a","Test":"TestTwo","Output":"    a_test.go:7: no kernel is in the cache\n"}
{"Action":"output","Package":"m/a","Test":"TestTwo","Output":"--- SKIP: TestTwo (0.00s)\n"}
{"Action":"skip","Package":"m/a","Test":"TestTwo"}
{"Action":"output","Package":"m/a","Output":"PASS\n"}
{"Action":"output","Package":"m/a","Output":"ok  \tm/a\t0.01s\n"}
{"Action":"pass","Package":"m/a"}
`

const failure = `{"Action":"output","Package":"m/b","Test":"TestBad","Output":"    b_test.go:3: wrong\n"}
{"Action":"fail","Package":"m/b","Test":"TestBad"}
{"Action":"output","Package":"m/b","Output":"FAIL\tm/b\t0.01s\n"}
{"Action":"fail","Package":"m/b"}
`

func TestReport(t *testing.T) {
	const table = "ok  \tm/a\t0.01s\n\nSkipped tests:\n  1  no kernel is in the cache  a TestTwo\n"
	const required = "FAIL: REQUIRE=all wants tests to run that were skipped:\n  no kernel is in the cache " +
		"(a TestTwo)\n"
	for _, tt := range []struct {
		name, events string
		require      bool
		optional     string
		want         string
		ok           bool
	}{
		{"skips show", events, false, "", table, true},
		{"a skip is a failure", events, true, "", table + required, false},
		{"unless it may be", events, true, "no kernel", table, true},
		{"another may be", events, true, "no compiler", table + required, false},
		{"a failure is one", events + failure, false, "",
			"ok  \tm/a\t0.01s\n    b_test.go:3: wrong\nFAIL\tm/b\t0.01s\n" + table[len("ok  \tm/a\t0.01s\n"):], false},
		{"no package", "no such package\n", false, "", "no such package\n", false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var out strings.Builder
			r := newReport(&out)
			if err := r.read(strings.NewReader(tt.events)); err != nil {
				t.Fatal(err)
			}
			var optional *regexp.Regexp
			if tt.optional != "" {
				optional = regexp.MustCompile(tt.optional)
			}
			if ok := r.finish(tt.require, optional); ok != tt.ok {
				t.Errorf("all is well: %v, want %v", ok, tt.ok)
			}
			if diff := cmp.Diff(tt.want, out.String()); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
		})
	}
}
