package figures

import "time"

// CPU is what the process has taken of the processors' time, and of that its children that
// have ended; 0 where the system does not tell.
type CPU struct {
	User           time.Duration `json:"user_nanos"`
	System         time.Duration `json:"system_nanos"`
	ChildrenUser   time.Duration `json:"children_user_nanos"`
	ChildrenSystem time.Duration `json:"children_system_nanos"`
}
