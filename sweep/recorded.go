// SPDX-License-Identifier: GPL-2.0-only

package sweep

import "errors"

// ErrRecorded says that exceptions can't be taken in a run that was recorded elsewhere: there is no machine to take
// them.
var ErrRecorded = errors.New("exceptions can't be taken in a recording, only laid over it")
