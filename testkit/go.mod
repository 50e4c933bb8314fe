module stacksweep/testkit

go 1.24
