// Package crashtest kills processes that write, and looks for what they were
// told is stored. Clients write what follows from their number and a count
// alone, so that of each it is known what there must be once so many writes were
// acknowledged. One write of a client may be on its way when the process dies:
// it must be there whole or not at all.
package crashtest
