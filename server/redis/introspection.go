package redis

func introspectionCommands() []*Command { return nil }
