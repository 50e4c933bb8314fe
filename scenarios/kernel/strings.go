package kernel

import "stacksweep/scenarios"

func (k *Kernel) strings() *scenarios.Scenario {
	return k.scenario("strings", "x", []scenarios.Variant{{Name: "plain"}}, func(b *builder, variant string) {
		b.call(b.symbol("stub_observe"))
	})
}
