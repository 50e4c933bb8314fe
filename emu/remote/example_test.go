// SPDX-License-Identifier: GPL-2.0-only

package remote_test

import (
	"context"
	"fmt"
	"log"
	"net"
	"time"

	"stacksweep/emu/remote"
	"stacksweep/internal/gdbstub"
	"stacksweep/internal/inspect"
	"stacksweep/scenarios"
	"stacksweep/scenarios/corpus"
	"stacksweep/sweep/registry"
	"stacksweep/sweep/session"
	"stacksweep/sweep/verdict"
)

// stub serves the run of a scenario, as QEMU's stub serves a machine.
func stub(c net.Conn) {
	name, err := verdict.ParsePoint(corpus.All(), "chain/plain@100")
	if err != nil {
		log.Fatal(err)
	}
	run, err := session.Open(name.Target, registry.All()[:1], scenarios.Options{})
	if err != nil {
		log.Fatal(err)
	}
	s, err := gdbstub.New(gdbstub.Config{Run: inspect.New(run), Point: name, Mode: verdict.IRQ})
	if err != nil {
		log.Fatal(err)
	}
	_ = s.Serve(context.Background(), c)
}

// A target is a stopped machine that a GDB stub controls. Dial connects to one by its address.
func Example() {
	client, server := net.Pipe()
	go stub(server)
	target, err := remote.New(context.Background(), client, 10*time.Second)
	if err != nil {
		log.Fatal(err)
	}
	defer target.Close()
	for range 2 {
		regs, err := target.Regs()
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(corpus.Image().Symbols.Name(regs.PC))
		if err := target.Step(context.Background()); err != nil {
			log.Fatal(err)
		}
	}
	// Output:
	// chain_4+0x30
	// chain_4+0x34
}
