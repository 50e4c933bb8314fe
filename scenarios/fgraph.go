package scenarios

// tracing switches the function graph tracer on, with one tracer that wants to see every return.
var tracing = []setting{
	{symbol: "fgraph_return_hook", value: "return_to_handler"},
	{symbol: "fgraph_array", value: "counting_tracer"},
}

var fgraphVariants = []Variant{
	{Name: "mainline", Doc: "return_to_handler as it is: the entry is popped before LR holds the address again"},
}

var fgraphScenarios = []*Scenario{
	{
		Name:     "fgraph/return",
		Doc:      "a chain with traced functions in it: entry, body and return through return_to_handler",
		Variants: fgraphVariants,
		build: fromCorpus(spec{
			entry: "run_chain", args: []string{"1"},
			traced: []string{"chain_3", "chain_leaf"},
			set:    tracing,
			checks: []check{{"tracer_entries", 28}, {"tracer_returns", 28}, {"fgraph_panics", 0}, {"nr_switches", 0}},
		}),
	},
	{
		Name:     "fgraph/resched",
		Doc:      "a reschedule is due while the return handler runs: the task is switched out after the pop",
		Variants: fgraphVariants,
		build: fromCorpus(spec{
			entry: "run_chain", args: []string{"1"},
			traced: []string{"chain_3"},
			set:    append([]setting{{symbol: "init_task", offset: 8, value: "0"}}, tracing...),
			checks: []check{{"tracer_entries", 2}, {"tracer_returns", 2}, {"nr_switches", 1}},
		}),
	},
}
