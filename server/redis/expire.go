package redis

func expiryCommands() []*Command { return nil }
