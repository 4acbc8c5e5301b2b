#include "textflag.h"

// func Read(address unsafe.Pointer)
TEXT ·Read(SB), NOSPLIT, $0-8
	MOVQ address+0(FP), AX
	PREFETCHT0 (AX)
	RET
