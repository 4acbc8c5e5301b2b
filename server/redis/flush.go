package redis

import "github.com/mantisdb/mantisdb"

// flushDatabase empties the selected database, in the time of one write.
func flushDatabase(r *Request) error {
	if err := r.checkFlushOptions(); err != nil {
		return err
	}
	if err := r.keys().DeleteRange(mantisdb.Range{}); err != nil {
		return err
	}
	r.out.OK()
	return nil
}

// flushAll empties every database, in the time of one write each.
func flushAll(r *Request) error {
	if err := r.checkFlushOptions(); err != nil {
		return err
	}
	for number := range databaseCount {
		if ks := r.at(number); ks != nil {
			if err := r.tx.In(ks).DeleteRange(mantisdb.Range{}); err != nil {
				return err
			}
		}
	}
	r.out.OK()
	return nil
}

// checkFlushOptions accepts ASYNC and SYNC, between which there is no difference here.
func (r *Request) checkFlushOptions() error {
	if len(r.args) > 2 || len(r.args) == 2 && !is(r.args[1], "ASYNC") && !is(r.args[1], "SYNC") {
		return errSyntax
	}
	return nil
}
