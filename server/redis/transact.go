package redis

// update runs a command in a transaction of its own. It is for what is direct in some
// forms only.
func (r *Request) update() error {
	return r.server.db.Update(r.within(len(r.out.Buf), r.cmd.run))
}
