package redis

func clientCommands() []*Command { return nil }
