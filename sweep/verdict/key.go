// SPDX-License-Identifier: GPL-2.0-only

package verdict

// Key names what was judged.
type Key struct {
	Scenario, Variant, Walker string
	Mode                      Mode
	Deliver                   Delivery // of the mode's exception, if it has one
}

// Delivery is how the exception was delivered, "" in modes without one.
func (k Key) Delivery() string {
	if !k.Mode.HasException() {
		return ""
	}
	return k.Deliver.String()
}
