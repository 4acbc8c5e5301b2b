package redis

import "github.com/mantisdb/mantisdb"

func bitCommands() []*Command {
	const write = flagWrite | flagDenyOOM
	return []*Command{
		{Name: "setbit", Arity: 4, Flags: write, Keys: oneKey, Group: "bitmap", Syntax: "<key> <offset> <bit>",
			Summary: "Sets or clears the bit at an offset of the string value. The key is created if it doesn't exist.", Since: "2.2.0", Complexity: "O(N) where N is the length of the value.", run: setbit},
		{Name: "getbit", Arity: 3, Flags: flagReadonly | flagFast, Keys: oneKey, Group: "bitmap", Syntax: "<key> <offset>",
			Summary: "Returns the bit at an offset of the string value.", Since: "2.2.0", Complexity: "O(1)", run: getbit, direct: getbit},
		{Name: "bitcount", Arity: -2, Flags: flagReadonly, Keys: oneKey, Group: "bitmap", Syntax: "<key> [<start> <end> [BYTE|BIT]]",
			Summary: "Counts the bits of a string that are set.", Since: "2.6.0", Complexity: "O(N)", run: bitcount, direct: bitcount},
		{Name: "bitpos", Arity: -3, Flags: flagReadonly, Keys: oneKey, Group: "bitmap", Syntax: "<key> <bit> [<start> [<end> [BYTE|BIT]]]",
			Summary: "Finds the first bit of a string that is set, or clear.", Since: "2.8.7", Complexity: "O(N)", run: bitpos, direct: bitpos},
		{Name: "bitop", Arity: -4, Flags: write, Keys: KeySpec{2, -1, 1}, Group: "bitmap", Syntax: "(AND|OR|XOR|NOT) <destkey> <key> [<key> ...]",
			Summary: "Performs bitwise operations on strings, and stores the result.", Since: "2.6.0", Complexity: "O(N)", run: bitop},
		{Name: "bitfield", Arity: -2, Flags: write, Keys: oneKey, Group: "bitmap", Syntax: "<key> [GET <encoding> <offset>|[OVERFLOW (WRAP|SAT|FAIL)] (SET <encoding> <offset> <value>|INCRBY <encoding> <offset> <increment>) ...]",
			Summary: "Reads and writes integers of any width within a string.", Since: "3.2.0", Complexity: "O(1) for each subcommand specified", run: bitfield},
		{Name: "bitfield_ro", Arity: -2, Flags: flagReadonly | flagFast, Keys: oneKey, Group: "bitmap", Syntax: "<key> [GET <encoding> <offset> ...]",
			Summary: "Reads integers of any width within a string.", Since: "6.0.0", Complexity: "O(1) for each subcommand specified", run: bitfieldReadonly, direct: bitfieldReadonly},
	}
}

const errBitOffset Error = "ERR bit offset is not an integer or out of range"

// lastBit is the last one of the longest value.
const lastBit = mantisdb.MaxValueLen*8 - 1

// bitOffset is an argument as the number of a bit: 0 is the highest one of the first byte.
// It is within a value of the greatest length.
func bitOffset(arg []byte) (int64, error) {
	offset, ok := parseInteger(arg)
	if !ok || offset < 0 || offset > lastBit {
		return 0, errBitOffset
	}
	return offset, nil
}

// bit is a bit's value. Beyond the end, all are 0.
func bit(value []byte, offset int64) byte {
	if offset>>3 >= int64(len(value)) {
		return 0
	}
	return value[offset>>3] >> (7 - offset&7) & 1
}

// putBit sets or clears a bit of a value that is long enough.
func putBit(value []byte, offset int64, on byte) {
	shift := 7 - offset&7
	b := &value[offset>>3]
	*b = *b&^(1<<shift) | on<<shift
}

// setbit is SETBIT key offset bit. It replies what the bit was.
func setbit(r *Request) error {
	offset, err := bitOffset(r.args[2])
	if err != nil {
		return err
	}
	on, ok := parseInteger(r.args[3])
	if !ok || on != 0 && on != 1 {
		return Error("ERR bit is not an integer or out of range")
	}
	key := r.args[1]
	value, found, err := r.get(key)
	if err != nil {
		return err
	}
	before := bit(value.Bytes, offset)
	r.out.Int(int64(before))
	length := int(offset>>3) + 1
	if found && length <= len(value.Bytes) && int64(before) == on {
		return nil
	}
	value.Bytes = grown(value.Bytes, length)
	putBit(value.Bytes, offset, byte(on))
	if err := r.put(key, value.Bytes, value.ExpiresAt); err != nil {
		return err
	}
	r.notify(notifyString, "setbit", key)
	return nil
}

func getbit(r *Request) error {
	offset, err := bitOffset(r.args[2])
	if err != nil {
		return err
	}
	value, _, err := r.read(r.args[1])
	if err != nil {
		return err
	}
	r.out.Int(int64(bit(value.Bytes, offset)))
	return nil
}
