module example.org/judge

go 1.26.0

require stacksweep v0.0.0

require (
	github.com/cilium/ebpf v0.22.0 // indirect
	golang.org/x/sys v0.47.0 // indirect
)

replace stacksweep => ../..
