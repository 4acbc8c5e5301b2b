//go:build !unix

package figures

func readCPU() CPU { return CPU{} }
