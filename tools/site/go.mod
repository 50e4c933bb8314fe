// The generator of the site is a module of its own, so that the program doesn't depend on what it needs.
module stacksweep.site

go 1.26.0

require github.com/yuin/goldmark v1.8.7
