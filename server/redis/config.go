package redis

func configCommands() []*Command { return nil }
