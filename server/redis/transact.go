package redis

// update and view run a command in a transaction of its own. They are for what is direct
// in some forms only.
func (r *Request) update() error {
	return r.client.part.db.UpdateWith(r.within(len(r.out.Buf), r.cmd.run), r.client.writes())
}

func (r *Request) view() error {
	return r.client.part.db.View(r.within(len(r.out.Buf), r.cmd.run))
}
