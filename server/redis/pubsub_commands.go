package redis

func pubsubCommands() []*Command { return nil }
