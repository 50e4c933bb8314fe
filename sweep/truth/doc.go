// SPDX-License-Identifier: GPL-2.0-only

// Package truth finds out what the call stack of a run really is, without unwinding anything.
//
// Two oracles read one [Log] of a run's calls, returns and exceptions. The [Past] keeps a shadow call stack forwards;
// the [Future] goes backwards and collects the places to which control later returned. [Find] compares them: where they
// disagree the harness is wrong, and the error is a [Conflict].
//
//	log := truth.LogOf(recording)
//	found, err := truth.Find(log, truth.Facts{Hooks: hooks}, nil)
//	cursor := found.Cursor()
//	cursor.Seek(137)
//	stack := cursor.Stack() // the return addresses before step 137, innermost first
//
// The oracles can both be wrong about a transfer that the log doesn't know, so whatever can't be classified ends in a
// conflict that names the step.
package truth
