package redis

// replyMode is what CLIENT REPLY has set.
type replyMode int

const (
	replyOn       replyMode = iota
	replyOff                // nothing is replied
	replySkipNext           // the command after this one gets no reply
	replySkip               // this command gets none
)

// silence drops the reply of a command from mark on, if replies were or became unwanted
// by it; before is the mode before it.
func (c *Client) silence(before replyMode, mark int) {
	if c.replies == replyOn {
		return // this command has turned replies on, and says so
	}
	c.out.Buf = c.out.Buf[:mark]
	switch {
	case c.replies == replySkipNext:
		c.replies = replySkip
	case before == replySkip && c.replies == replySkip:
		c.replies = replyOn
	}
}

// clientReply is CLIENT REPLY ON | OFF | SKIP.
func clientReply(r *Request) error {
	c := r.client
	switch mode := r.args[2]; {
	case is(mode, "ON"):
		c.replies = replyOn
		r.out.OK()
	case is(mode, "OFF"):
		c.replies = replyOff
	case is(mode, "SKIP"):
		if c.replies != replyOff {
			c.replies = replySkipNext
		}
	default:
		return errSyntax
	}
	return nil
}
