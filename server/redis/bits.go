package redis

func bitCommands() []*Command { return nil }
