package cluster

import "bytes"

// SlotCount is how many slots there are, as in a cluster of Redis.
const SlotCount = 16384

// Slot is the slot of a key: its CRC16 modulo SlotCount. Of a key with a tag, a part in
// braces that is not empty, only the first such part counts, so that keys with the same tag
// are in the same slot. It is the algorithm of the specification of Redis Cluster.
func Slot(key []byte) uint16 { return checksum(tag(key)) % SlotCount }

// SlotOfPrefix is the slot of all keys that begin with a prefix, if they have one, since the
// prefix has the whole of their tag.
func SlotOfPrefix(prefix []byte) (slot uint16, ok bool) {
	if len(tag(prefix)) == len(prefix) { // there is no tag: it would be without its braces
		return 0, false
	}
	return Slot(prefix), true
}

// tag is what of a key decides on its slot.
func tag(key []byte) []byte {
	open := bytes.IndexByte(key, '{')
	if open < 0 {
		return key
	}
	length := bytes.IndexByte(key[open+1:], '}')
	if length <= 0 {
		return key
	}
	return key[open+1:][:length]
}

// checksum is the CRC16 called XMODEM: polynomial 0x1021, from 0, nothing reflected.
func checksum(b []byte) uint16 {
	crc := uint16(0)
	for _, c := range b {
		crc = crc<<8 ^ crcTable[byte(crc>>8)^c]
	}
	return crc
}

// crcTable is the checksum of each byte.
var crcTable = func() (table [256]uint16) {
	const polynomial = 0x1021
	for i := range table {
		crc := uint16(i) << 8
		for range 8 {
			carry := crc&0x8000 != 0
			crc <<= 1
			if carry {
				crc ^= polynomial
			}
		}
		table[i] = crc
	}
	return table
}()
