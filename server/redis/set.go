package redis

// setOptions are what may follow SET's value.
type setOptions struct {
	ifAbsent, ifPresent bool
	keepTTL             bool
	get                 bool
	expiry              expiryOption
}

// set is SET key value [NX | XX] [GET] [EX seconds | PX milliseconds | EXAT time | PXAT
// time | KEEPTTL].
func set(r *Request) error {
	o, err := r.parseSetOptions()
	if err != nil {
		return err
	}
	e, err := r.expiryOf(o.expiry)
	if err != nil {
		return err
	}
	key, value := r.args[1], r.args[2]
	switch {
	// What needs no look at the value before does without, so that it cannot conflict.
	case !o.ifAbsent && !o.ifPresent && !o.get && !o.keepTTL:
		return r.setPlain(key, value, e)
	case r.tx != nil:
		return r.setOn(key, value, o, e)
	case o.ifPresent || o.keepTTL || o.ifAbsent && o.get || !e.isTimeToLive():
		return r.update()
	case o.ifAbsent:
		return r.setIfAbsent(key, value, e)
	}
	return r.setGet(key, value, e)
}

// setPlain is SET without conditions.
func (r *Request) setPlain(key, value []byte, e expiry) error {
	if err := r.store(key, value, e.at); err != nil {
		return err
	}
	r.notifySet(key, e)
	r.out.OK()
	return nil
}

// setIfAbsent is SET with NX.
func (r *Request) setIfAbsent(key, value []byte, e expiry) error {
	stored, err := r.storeIfAbsent(key, value, e)
	if err != nil {
		return err
	}
	if !stored {
		r.out.Null()
		return nil
	}
	r.notifySet(key, e)
	r.out.OK()
	return nil
}

// setGet is SET with GET.
func (r *Request) setGet(key, value []byte, e expiry) error {
	before, existed, err := r.exchange(key, value, e)
	if err != nil {
		return err
	}
	r.notifySet(key, e)
	r.bulkOrNull(before, existed)
	return nil
}

// setOn is SET with any options, in a transaction.
func (r *Request) setOn(key, value []byte, o setOptions, e expiry) error {
	read := r.get
	if o.get {
		read = r.read
	}
	before, found, err := read(key)
	if err != nil {
		return err
	}
	stores := !(o.ifAbsent && found || o.ifPresent && !found)
	if stores {
		at := e.at
		if o.keepTTL {
			at = before.ExpiresAt
		}
		if err := r.put(key, value, at); err != nil {
			return err
		}
		r.notifySet(key, e)
	}
	switch {
	case o.get:
		r.bulkOrNull(before.Bytes, found)
	case stores:
		r.out.OK()
	default:
		r.out.Null()
	}
	return nil
}

// notifySet tells of a value that was set; e is what the command said of its expiry.
func (r *Request) notifySet(key []byte, e expiry) {
	r.notify(notifyString, "set", key)
	if e.at != 0 {
		r.notify(notifyGeneric, "expire", key)
	}
}

func (r *Request) parseSetOptions() (o setOptions, err error) {
	for i := 3; i < len(r.args); i++ {
		switch arg := r.args[i]; {
		case is(arg, "NX") && !o.ifPresent:
			o.ifAbsent = true
		case is(arg, "XX") && !o.ifAbsent:
			o.ifPresent = true
		case is(arg, "GET"):
			o.get = true
		case is(arg, "KEEPTTL") && !o.expiry.given():
			o.keepTTL = true
		case !o.keepTTL && o.expiry.take(r.args[i:]):
			i++
		default:
			return o, errSyntax
		}
	}
	return o, nil
}

// setnx replies whether it has set the value.
func setnx(r *Request) error {
	stored, err := r.storeIfAbsent(r.args[1], r.args[2], expiry{})
	if err != nil {
		return err
	}
	if !stored {
		r.out.Int(0)
		return nil
	}
	r.notifySet(r.args[1], expiry{})
	r.out.Int(1)
	return nil
}

func setex(r *Request) error { return r.setExpiring(secondsFromNow) }

func psetex(r *Request) error { return r.setExpiring(millisFromNow) }

// setExpiring is SET with an expiry that stands before the value.
func (r *Request) setExpiring(unit expiryUnit) error {
	e, err := r.expiryOf(expiryOption{unit, r.args[2]})
	if err != nil {
		return err
	}
	return r.setPlain(r.args[1], r.args[3], e)
}

func getset(r *Request) error { return r.setGet(r.args[1], r.args[2], expiry{}) }

// mset sets all keys at once.
func mset(r *Request) error {
	if err := r.checkPairs(); err != nil {
		return err
	}
	if err := r.storeAll(r.args[1:]); err != nil {
		return err
	}
	r.out.OK()
	return nil
}

// msetnx sets all keys at once if there is none of them, and replies whether it did.
func msetnx(r *Request) error {
	if err := r.checkPairs(); err != nil {
		return err
	}
	for i := 1; i < len(r.args); i += 2 {
		exists, err := r.keys().Has(r.args[i])
		if err != nil {
			return err
		}
		if exists {
			r.out.Int(0)
			return nil
		}
	}
	if err := r.storeAll(r.args[1:]); err != nil {
		return err
	}
	r.out.Int(1)
	return nil
}

// checkPairs refuses a key without a value.
func (r *Request) checkPairs() error {
	if len(r.args)%2 == 0 {
		return Error("ERR wrong number of arguments for '" + r.cmd.fullName() + "' command")
	}
	return nil
}
