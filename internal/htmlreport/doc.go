// SPDX-License-Identifier: GPL-2.0-only

// Package htmlreport writes what a sweep found as one HTML file that needs nothing else: no network, no server.
//
// The page itself is HTML that a browser shows at once: what is unsound, then the matrix. What there is to see of a
// target, every point of it included, follows as compressed blocks (see data.go), which the script unpacks only when
// somebody looks at the target. The script is written in TypeScript (web/) and committed with what is built of it
// (dist/).
package htmlreport
