package redis

// swapDatabases is SWAPDB number number.
func swapDatabases(r *Request) error {
	a, err := r.swapNumber(1, "ERR invalid first DB index")
	if err != nil {
		return err
	}
	b, err := r.swapNumber(2, "ERR invalid second DB index")
	if err != nil {
		return err
	}
	if a < 0 || a >= databaseCount || b < 0 || b >= databaseCount {
		return errDBIndex
	}
	if a != b {
		if err := r.swap(int(a), int(b)); err != nil {
			return err
		}
	}
	r.out.OK()
	return nil
}

// swapRefused is SWAPDB in a cluster, whose shards cannot change in one step.
func swapRefused(*Request) error {
	return Error("ERR SWAPDB is not allowed in a cluster")
}

// swapNumber is an argument as a number that may be a database's.
func (r *Request) swapNumber(i int, invalid Error) (int64, error) {
	n, ok := parseInteger(r.args[i])
	if !ok || n != int64(int32(n)) {
		return 0, invalid
	}
	return n, nil
}

// swap exchanges two databases, from here on in the request's transaction, and for all
// once that is committed. Both are made first: clients may have selected them.
func (r *Request) swap(a, b int) error {
	d := r.client.part
	before, err := d.orderIn(r.tx)
	if err != nil {
		return err
	}
	for _, number := range [...]int{a, b} {
		if _, err := d.openIn(before, number); err != nil {
			return err
		}
	}
	after := *before
	after[a], after[b] = after[b], after[a]
	if err := d.write(r.tx, &after); err != nil {
		return err
	}
	r.order, r.swapped = &after, true
	return nil
}
