package replica

import "github.com/mantisdb/mantisdb/storage"

// Exchange puts another engine in the place of the replica's.
func (r *Replica) Exchange(other func(storage.Engine) storage.Engine) {
	engine := other(*r.engine.Load())
	r.engine.Store(&engine)
}
