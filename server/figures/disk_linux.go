package figures

import "syscall"

func readDisk(dir string) Disk {
	var fs syscall.Statfs_t
	if dir == "" || syscall.Statfs(dir, &fs) != nil {
		return Disk{}
	}
	block := uint64(fs.Bsize)
	return Disk{Free: fs.Bavail * block, Total: (fs.Blocks - fs.Bfree + fs.Bavail) * block}
}
