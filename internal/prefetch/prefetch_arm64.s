#include "textflag.h"

// func Read(address unsafe.Pointer)
TEXT ·Read(SB), NOSPLIT, $0-8
	MOVD address+0(FP), R0
	PRFM (R0), PLDL1KEEP
	RET
