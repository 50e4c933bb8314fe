// SPDX-License-Identifier: GPL-2.0-only

package main

import (
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// Every document is a page with a title that can be used without a mouse, and every link on a page leads somewhere: to
// a page, and a heading on it, or to a file of the sources.
func TestEveryLinkLeadsSomewhere(t *testing.T) {
	out := t.TempDir()
	if err := os.WriteFile(filepath.Join(out, "report.html"), []byte("<html>"), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := render("../..", out); err != nil {
		t.Fatal(err)
	}
	pages, err := filepath.Glob(filepath.Join(out, "*.html"))
	if err != nil {
		t.Fatal(err)
	}
	documents, err := filepath.Glob("../../docs/*.md")
	if err != nil {
		t.Fatal(err)
	}
	if len(pages) != len(documents)+3 {
		t.Errorf("%d pages of %d documents, the README, CONTRIBUTING and the report", len(pages), len(documents))
	}
	text := map[string]string{}
	for _, p := range pages {
		b, err := os.ReadFile(p)
		if err != nil {
			t.Fatal(err)
		}
		text[filepath.Base(p)] = string(b)
	}
	for name, html := range text {
		if name != "report.html" && strings.Contains(html, "<title></title>") {
			t.Errorf("%s has no title", name)
		}
		// What can be scrolled must be within reach of the keyboard, and a column must say what is in it.
		if bad := regexp.MustCompile(`<(pre|table)>|<th[^>]*></th>`).FindString(html); bad != "" {
			t.Errorf("%s has %s", name, bad)
		}
		for _, m := range regexp.MustCompile(`<a [^>]*href="([^"]*)"`).FindAllStringSubmatch(html, -1) {
			to, err := url.Parse(strings.ReplaceAll(m[1], "&amp;", "&"))
			if err != nil {
				t.Errorf("%s: %q: %v", name, m[1], err)
				continue
			}
			if to.IsAbs() {
				continue
			}
			page := to.Path
			if page == "" {
				page = name
			}
			there, ok := text[page]
			switch {
			case !ok:
				if _, err := os.Stat(filepath.Join("../../docs", page)); err != nil {
					if _, err := os.Stat(filepath.Join("../..", page)); err != nil {
						t.Errorf("%s: %s leads nowhere", name, m[1])
					}
				}
			case to.Fragment != "" && page != "report.html" && !strings.Contains(there, ` id="`+to.Fragment+`"`):
				t.Errorf("%s: there is no heading #%s on %s", name, to.Fragment, page)
			}
			if strings.HasSuffix(page, ".md") {
				t.Errorf("%s: %s leads to a document, not to its page", name, m[1])
			}
		}
	}
}
