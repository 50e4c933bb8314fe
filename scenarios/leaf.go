package scenarios

var leafScenarios = []*Scenario{
	{
		Name: "leaf/strlen",
		Doc:  "a string routine that never moves LR, SP or X29",
		Variants: []Variant{
			{Name: "annotated", Doc: "with a leaf annotation", args: []string{"strlen_annotated"}},
			{Name: "bare", Doc: "without unwind information, as the kernel has it", args: []string{"strlen_bare"}},
		},
		build: fromCorpus(spec{
			entry:  "run_strlen",
			checks: []check{{"strings_total", 8 * 7}},
		}),
	},
}
