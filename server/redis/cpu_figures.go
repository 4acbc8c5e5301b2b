package redis

import "time"

// CPUFigures are what the process has taken of the processors' time, and of that its
// children that have ended; 0 where the system does not tell.
type CPUFigures struct {
	User           time.Duration `json:"user"`
	System         time.Duration `json:"system"`
	ChildrenUser   time.Duration `json:"children_user"`
	ChildrenSystem time.Duration `json:"children_system"`
}
