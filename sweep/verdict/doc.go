// SPDX-License-Identifier: GPL-2.0-only

// Package verdict is the vocabulary of a sweep: what a walk can be judged ([Verdict]), when it happens ([Mode],
// [Position]), how an exception gets there ([Delivery]), how a point is named so that anyone finds it again
// ([PointName], [ParsePoint]), and which verdicts are expected where ([Expectation], [Ledger]).
//
// Nothing here executes or walks anything.
package verdict
