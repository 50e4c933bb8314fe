// SPDX-License-Identifier: GPL-2.0-only

// Site renders the README and the documents as static HTML, with a page for each, into a folder.
//
//	go run . -o FOLDER ROOT
//
// ROOT is the top folder of the sources. Links between documents become links between pages. A report.html that is in
// FOLDER already is linked from every page.
package main

import (
	"bytes"
	_ "embed"
	"flag"
	"fmt"
	"html/template"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/yuin/goldmark"
	"github.com/yuin/goldmark/ast"
	"github.com/yuin/goldmark/extension"
	"github.com/yuin/goldmark/parser"
	"github.com/yuin/goldmark/text"
	"github.com/yuin/goldmark/util"
)

//go:embed page.html.tmpl
var pageText string

var pageTemplate = template.Must(template.New("page").Parse(pageText))

func main() {
	out := flag.String("o", "site", "the `folder` that the pages go into")
	flag.Parse()
	if flag.NArg() != 1 {
		fmt.Fprintln(os.Stderr, "site: the top folder of the sources is wanted")
		os.Exit(2)
	}
	if err := render(flag.Arg(0), *out); err != nil {
		fmt.Fprintln(os.Stderr, "site:", err)
		os.Exit(1)
	}
}

// page is a document that becomes a page.
type page struct {
	File  string // its path below the top folder
	Name  string // of the page
	Title string
	Body  template.HTML
}

// link is an entry of the menu.
type link struct {
	Name, Title string
	Here        bool
}

func render(root, out string) error {
	files, err := filepath.Glob(filepath.Join(root, "docs", "*.md"))
	if err != nil {
		return err
	}
	slices.Sort(files)
	names := map[string]string{"README.md": "index.html", "CONTRIBUTING.md": "contributing.html"}
	order := []string{"README.md", "CONTRIBUTING.md"}
	for _, f := range files {
		file := "docs/" + filepath.Base(f)
		names[file] = strings.TrimSuffix(filepath.Base(f), ".md") + ".html"
		order = append(order, file)
	}
	var pages []page
	for _, file := range order {
		p, err := convert(root, file, names)
		if err != nil {
			return fmt.Errorf("%s: %w", file, err)
		}
		pages = append(pages, p)
	}
	if err := os.MkdirAll(out, 0o755); err != nil {
		return err
	}
	_, err = os.Stat(filepath.Join(out, "report.html"))
	for i := range pages {
		if err := write(pages, i, out, err == nil); err != nil {
			return err
		}
	}
	return nil
}

// write writes a page, with a menu of all.
func write(pages []page, i int, out string, report bool) error {
	var menu []link
	for k, p := range pages {
		menu = append(menu, link{p.Name, p.Title, k == i})
	}
	var b bytes.Buffer
	err := pageTemplate.Execute(&b, struct {
		page
		Menu   []link
		Report bool
	}{pages[i], menu, report})
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(out, pages[i].Name), b.Bytes(), 0o644)
}

func convert(root, file string, names map[string]string) (page, error) {
	source, err := os.ReadFile(filepath.Join(root, file))
	if err != nil {
		return page{}, err
	}
	links := &linker{file: file, names: names}
	md := goldmark.New(
		goldmark.WithExtensions(extension.GFM),
		goldmark.WithParserOptions(parser.WithAutoHeadingID(),
			parser.WithASTTransformers(util.Prioritized(links, 100))),
	)
	var b bytes.Buffer
	if err := md.Convert(source, &b); err != nil {
		return page{}, err
	}
	body := template.HTML(reachable.Replace(b.String()))
	return page{File: file, Name: names[file], Title: links.title, Body: body}, nil
}

// reachable makes code and tables, which may be wider than the window, focusable, so that they can be scrolled with the
// keyboard, and makes an empty corner of a table an ordinary cell, since a heading must have a text.
var reachable = strings.NewReplacer("<pre>", `<pre tabindex="0">`, "<table>", `<table tabindex="0">`,
	"<th></th>", "<td></td>")

// A linker turns links to documents into links to their pages. It finds the title, too.
type linker struct {
	file  string
	names map[string]string
	title string
}

// Transform implements [parser.ASTTransformer].
func (l *linker) Transform(doc *ast.Document, r text.Reader, _ parser.Context) {
	_ = ast.Walk(doc, func(n ast.Node, entering bool) (ast.WalkStatus, error) {
		if !entering {
			return ast.WalkContinue, nil
		}
		switch n := n.(type) {
		case *ast.Heading:
			if l.title == "" && n.Level == 1 {
				l.title = strings.ReplaceAll(string(n.Lines().Value(r.Source())), "`", "")
			}
		case *ast.Link:
			n.Destination = []byte(l.resolve(string(n.Destination)))
		}
		return ast.WalkContinue, nil
	})
}

// resolve returns where a link leads on the site. Links to other files of the sources are left as they are.
func (l *linker) resolve(to string) string {
	path, fragment, _ := strings.Cut(to, "#")
	if path == "" || strings.Contains(path, "://") {
		return to
	}
	name, ok := l.names[filepath.ToSlash(filepath.Join(filepath.Dir(l.file), path))]
	if !ok {
		return to
	}
	if fragment != "" {
		name += "#" + fragment
	}
	return name
}
