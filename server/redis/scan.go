package redis

func iterationCommands() []*Command { return nil }
