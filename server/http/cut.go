package httpapi

import (
	"io"
	"net/http"

	"github.com/mantisdb/mantisdb"
)

// maxCutBody bounds the body of a request for a cut, whose end alone tells something.
const maxCutBody = 1 << 10

// cut answers a request for a cut of a shard, as sharded.CutPath says.
func (p *peerHandler) cut(w http.ResponseWriter, r *http.Request, shard int) error {
	// Else a refusal would wait for the end of the body, which the peer ends once it is answered.
	if err := http.NewResponseController(w).EnableFullDuplex(); err != nil {
		return err
	}
	cut, err := p.Handler.shards.Cut(shard)
	if err != nil {
		return err
	}
	defer cut.Close()
	unrecorded(w).WriteHeader(http.StatusProcessing)
	if _, err := io.Copy(io.Discard, http.MaxBytesReader(unrecorded(w), r.Body, maxCutBody)); err != nil {
		return newProblem(malformedRequest, "the body broke off: %v", err)
	}
	if err := cut.Resume(); err != nil {
		return err
	}
	// What other shards have may come before what this one has, for long.
	return p.streamBackup(r, &progressWriter{w: w, patient: true}, func(out io.Writer) error {
		_, err := mantisdb.BackupSnapshot(r.Context(), cut.Snapshot(), out)
		return err
	})
}
