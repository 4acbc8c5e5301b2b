package mantisdb

import (
	"bytes"
	"container/heap"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"slices"

	"github.com/mantisdb/mantisdb/internal/backup"
	"github.com/mantisdb/mantisdb/storage"
)

// MergeBackups writes one backup of several whose databases are parts of one: no two of them
// have an entry of the same keyspace and key, else it is ErrExists. The keyspaces are those of
// the first, with its options; entries of others are left out, and so is an applied index, which
// each part has for itself. It holds a MiB or two of each backup in memory at a time. A backup
// that is damaged or cut off is ErrCorrupt; after an error, what was written is no backup.
func MergeBackups(ctx context.Context, w io.Writer, from ...io.Reader) (BackupStats, error) {
	parts := make([]*backupPart, len(from))
	var keyspaces []backupKeyspace
	var version uint64
	for i, r := range from {
		var err error
		if parts[i], err = newBackupPart(r); err != nil {
			return BackupStats{}, err
		}
		if i == 0 {
			keyspaces = parts[i].keyspaces
		}
		if err := parts[i].number(keyspaces); err != nil {
			return BackupStats{}, err
		}
		version = max(version, parts[i].in.Header.LastVersion)
	}
	return writeBackup(w, version, func(out *backup.Writer) (uint64, error) {
		if err := addSystem(out, nil, keyspaces); err != nil {
			return 0, err
		}
		return mergeParts(ctx, out, parts)
	})
}

// mergeParts adds the entries of all parts, and returns how many they are.
func mergeParts(ctx context.Context, out *backup.Writer, parts []*backupPart) (entries uint64, err error) {
	parts = slices.DeleteFunc(parts, func(p *backupPart) bool { return p.ended })
	h := backupHeap(parts)
	heap.Init(&h)
	var last []byte
	for ; len(h) > 0; entries++ {
		if err := ctx.Err(); err != nil {
			return 0, err
		}
		first := h[0]
		if bytes.Equal(first.at.Key, last) {
			return 0, fmt.Errorf("%w: the key %q, in two of the backups", ErrExists, last)
		}
		if err := out.Add(first.at.Key, first.at.Value, first.at.ExpiresAt); err != nil {
			return 0, cannotWriteBackup(err)
		}
		last = append(last[:0], first.at.Key...)
		if err := first.stepIn(); err != nil {
			return 0, err
		}
		if first.ended {
			heap.Pop(&h)
		} else {
			heap.Fix(&h, 0)
		}
	}
	return entries, nil
}

// backupPart is one of the backups that are merged, and the entry that it is at.
type backupPart struct {
	in        *backup.Reader
	keyspaces []backupKeyspace
	numbers   []uint32 // what the merged backup numbers each, 0 if it has it not

	batch storage.Batch
	chunk []storage.Op // what is left of the batch
	at    storage.Op   // borrowed until the next step
	ended bool
}

// newBackupPart reads a backup up to the first entry that is not of the system keyspace.
func newBackupPart(r io.Reader) (*backupPart, error) {
	in, err := backup.NewReader(r)
	if err != nil {
		return nil, err
	}
	p := &backupPart{in: in}
	for err = p.step(); err == nil && !p.ended && isSystemKey(p.at.Key); err = p.step() {
		key := p.at.Key[namedPrefixLen:]
		if len(key) < 2 || key[0] != keyspaceTag {
			continue
		}
		ks, err := parseBackupKeyspace(key, p.at.Value)
		if err != nil {
			return nil, err
		}
		if p.keyspaces = append(p.keyspaces, ks); ks.id != uint32(len(p.keyspaces)) {
			return nil, fmt.Errorf("%w: to merge a backup whose keyspaces are not numbered by their names: restore it, and back that up", ErrUnsupported)
		}
	}
	return p, err
}

// number says which keyspaces the merged backup has, and goes to the first entry of them.
func (p *backupPart) number(merged []backupKeyspace) error {
	p.numbers = make([]uint32, len(p.keyspaces))
	for i, ks := range p.keyspaces {
		p.numbers[i] = uint32(1 + slices.IndexFunc(merged, func(m backupKeyspace) bool { return m.name == ks.name }))
	}
	return p.skip()
}

// stepIn goes to the next entry of a keyspace that the merged backup has.
func (p *backupPart) stepIn() error {
	if err := p.step(); err != nil {
		return err
	}
	return p.skip()
}

// skip leaves out entries of keyspaces that the merged backup does not have, and gives the one
// that comes then the key that it has there.
func (p *backupPart) skip() error {
	for !p.ended && p.at.Key[0] == 0 && p.at.Key[1] == namedMark {
		id := binary.BigEndian.Uint32(p.at.Key[2:])
		if id == systemID || id > uint32(len(p.numbers)) {
			return fmt.Errorf("%w: the backup has an entry of keyspace %d, which is none of its %d", ErrCorrupt, id, len(p.numbers))
		}
		if to := p.numbers[id-1]; to != 0 {
			g := regionOf(to)
			p.at.Key = append(g.prefix[:], p.at.Key[namedPrefixLen:]...)
			return nil
		}
		if err := p.step(); err != nil {
			return err
		}
	}
	return nil
}

// step goes to the next entry.
func (p *backupPart) step() error {
	for len(p.chunk) == 0 {
		p.batch.Reset()
		err := p.in.Next(&p.batch)
		if errors.Is(err, io.EOF) {
			p.ended = true
			return nil
		}
		if err != nil {
			return err
		}
		p.chunk = slices.AppendSeq(p.chunk[:0], p.batch.All())
	}
	p.at, p.chunk = p.chunk[0], p.chunk[1:]
	if key := p.at.Key; key[0] == 0 && (len(key) < 2 || key[1] == namedMark && len(key) <= namedPrefixLen) {
		return fmt.Errorf("%w: the backup has the key %q, which none is stored under", ErrCorrupt, key)
	}
	return nil
}

// backupHeap is parts by the keys that they are at.
type backupHeap []*backupPart

// Len, Less, Swap, Push and Pop implement heap.Interface.
func (h backupHeap) Len() int           { return len(h) }
func (h backupHeap) Less(i, j int) bool { return bytes.Compare(h[i].at.Key, h[j].at.Key) < 0 }
func (h backupHeap) Swap(i, j int)      { h[i], h[j] = h[j], h[i] }
func (h *backupHeap) Push(x any)        { *h = append(*h, x.(*backupPart)) }
func (h *backupHeap) Pop() any {
	last := len(*h) - 1
	p := (*h)[last]
	*h = (*h)[:last]
	return p
}
