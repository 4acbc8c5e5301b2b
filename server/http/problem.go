package httpapi

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"

	"github.com/mantisdb/mantisdb"
	"github.com/mantisdb/mantisdb/cluster"
	"github.com/mantisdb/mantisdb/internal/wire"
	"github.com/mantisdb/mantisdb/server"
	"github.com/mantisdb/mantisdb/server/benchmarks"
	"github.com/mantisdb/mantisdb/server/control"
)

// problemBase is where the kinds of problem are explained, each under its name.
const problemBase = "https://github.com/mantisdb/mantisdb/blob/main/docs/http-api.md#"

// kind is a kind of problem. Its name is the stable part that programs compare.
type kind struct {
	name   string
	title  string
	status int
}

// The kinds of problem.
var (
	malformedRequest = kind{"malformed-request", "Malformed request", http.StatusBadRequest}
	invalidKey       = kind{"invalid-key", "Invalid key", http.StatusBadRequest}
	unauthorized     = kind{"unauthorized", "Not authenticated", http.StatusUnauthorized}
	forbidden        = kind{"forbidden", "Not allowed", http.StatusForbidden}
	crossOrigin      = kind{"cross-origin", "Cross-origin request", http.StatusForbidden}
	keyNotFound      = kind{"key-not-found", "Key not found", http.StatusNotFound}
	keyspaceNotFound = kind{"keyspace-not-found", "Keyspace not found", http.StatusNotFound}
	clientNotFound   = kind{"client-not-found", "Client not found", http.StatusNotFound}
	noSuchBenchmark  = kind{"benchmark-not-found", "Benchmark not found", http.StatusNotFound}
	nodeNotFound     = kind{"node-not-found", "Node not found", http.StatusNotFound}
	shardNotFound    = kind{"shard-not-found", "Shard not found", http.StatusNotFound}
	routeNotFound    = kind{"route-not-found", "No such resource", http.StatusNotFound}
	methodNotAllowed = kind{"method-not-allowed", "Method not allowed", http.StatusMethodNotAllowed}
	requestTimeout   = kind{"request-timeout", "Request too slow", http.StatusRequestTimeout}
	keyspaceExists   = kind{"keyspace-exists", "Keyspace exists", http.StatusConflict}
	alreadyExists    = kind{"already-exists", "Exists already", http.StatusConflict}
	benchmarkRunning = kind{"benchmark-running", "A benchmark is running", http.StatusConflict}
	notEnoughMemory  = kind{"not-enough-memory", "Not enough memory", http.StatusConflict}
	notANumber       = kind{"not-a-number", "Not a number", http.StatusConflict}
	numberOverflow   = kind{"number-overflow", "Number out of range", http.StatusConflict}
	conditionFailed  = kind{"condition-failed", "Condition does not hold", http.StatusConflict}
	writeConflict    = kind{"write-conflict", "Other writes came between", http.StatusConflict}
	notNow           = kind{"not-now", "The cluster cannot do this now", http.StatusConflict}
	crossShard       = kind{"cross-shard", "Keys of different shards", http.StatusConflict}
	historyGone      = kind{"history-gone", "Changes are gone", http.StatusGone}
	watchTooSlow     = kind{"watch-too-slow", "Changes were read too slowly", http.StatusGone}
	keyExists        = kind{"key-exists", "Key exists", http.StatusPreconditionFailed}
	versionDiffers   = kind{"version-differs", "Another version", http.StatusPreconditionFailed}
	bodyTooLarge     = kind{"body-too-large", "Body too large", http.StatusRequestEntityTooLarge}
	notLeader        = kind{"not-leader", "Another node leads the shard", http.StatusMisdirectedRequest}
	unsupportedMedia = kind{"unsupported-media", "Unsupported form of body", http.StatusUnsupportedMediaType}
	internalError    = kind{"internal-error", "Internal error", http.StatusInternalServerError}
	unsupported      = kind{"unsupported", "Not supported by this engine", http.StatusNotImplemented}
	diskFull         = kind{"disk-full", "Disk full", http.StatusInsufficientStorage}
	busy             = kind{"busy", "Too much is under way", http.StatusServiceUnavailable}
	unavailable      = kind{"unavailable", "Database unavailable", http.StatusServiceUnavailable}
	noLeader         = kind{"no-leader", "The shard has no leader", http.StatusServiceUnavailable}
	outcomeUnknown   = kind{"outcome-unknown", "Perhaps done, perhaps not", http.StatusGatewayTimeout}
)

func newProblem(k kind, format string, args ...any) *wire.Problem {
	return &wire.Problem{
		Type:   problemBase + k.name,
		Title:  k.title,
		Status: k.status,
		Detail: fmt.Sprintf(format, args...),
	}
}

// Problems that need no detail of the request, and come often.
var (
	problemKeyNotFound = newProblem(keyNotFound, "the key is absent, was deleted or has expired")
	problemBusy        = newProblem(busy, "requests take as much memory as they may together; send it again in a moment")
	problemNoLeader    = newProblem(noLeader, "the shard has had no leader that could be reached for some seconds, and nothing was done; send it again in a moment")
	problemNoList      = newProblem(noLeader, "the list of nodes has no leader that can be reached, and nothing was done; it can be changed while a majority of the nodes runs that have a replica of it")
	problemKeyExists   = newProblem(keyExists, "the key has a value, and If-None-Match: * asks that it has none")
)

// problemOf is what the client is told of err. internal says that it is the
// server's fault and that the log should have the error itself.
func problemOf(err error) (p *wire.Problem, internal bool) {
	var failed *server.ConditionError
	switch {
	case errors.Is(err, problemBusy):
		return problemBusy, false
	case errors.As(err, &p):
		return p, p.Status >= http.StatusInternalServerError
	case errors.As(err, &failed):
		return problemOfCondition(failed), false
	case errors.Is(err, server.ErrOutcomeUnknown):
		return newProblem(outcomeUnknown, "%v", err), true
	case errors.Is(err, server.ErrUnavailable):
		return newProblem(unavailable, "%v", err), false
	case errors.Is(err, cluster.ErrOutcomeUnknown):
		return newProblem(outcomeUnknown, "the shard has lost its leader or its majority meanwhile: this may have been done, may still be, or never be; read what there is before it is sent again"), true
	case errors.Is(err, cluster.ErrNoList):
		return problemNoList, true
	case errors.Is(err, cluster.ErrUnavailable):
		return problemNoLeader, true
	case errors.Is(err, cluster.ErrNotLeader):
		return newProblem(notLeader, "this node does not lead the shard"), false
	case errors.Is(err, cluster.ErrNoNode):
		return newProblem(nodeNotFound, "%v", err), false
	case errors.Is(err, cluster.ErrNoShard):
		return newProblem(shardNotFound, "%v", err), false
	case errors.Is(err, cluster.ErrNotNow), errors.Is(err, cluster.ErrCutOver):
		return newProblem(notNow, "%v", err), false
	case errors.Is(err, cluster.ErrInvalidNode):
		return newProblem(malformedRequest, "%v", err), false
	case errors.Is(err, cluster.ErrCrossShard):
		return newProblem(crossShard, "%v", err), false
	case errors.Is(err, mantisdb.ErrNotFound):
		return problemKeyNotFound, false
	case errors.Is(err, mantisdb.ErrKeyspaceNotFound), errors.Is(err, mantisdb.ErrKeyspaceDropped):
		return newProblem(keyspaceNotFound, "%s", plain(err)), false
	case errors.Is(err, mantisdb.ErrKeyspaceExists):
		return newProblem(keyspaceExists, "%s", plain(err)), false
	case errors.Is(err, mantisdb.ErrKeyEmpty), errors.Is(err, mantisdb.ErrKeyTooLarge):
		return newProblem(invalidKey, "%s", plain(err)), false
	case errors.Is(err, mantisdb.ErrValueTooLarge), errors.Is(err, mantisdb.ErrBatchTooLarge), errors.Is(err, mantisdb.ErrOverMemoryLimit), errors.Is(err, mantisdb.ErrTxTooLarge):
		return newProblem(bodyTooLarge, "%s", plain(err)), false
	case errors.Is(err, mantisdb.ErrNotANumber):
		return newProblem(notANumber, "the value is not a decimal number of 64 bits, and was left as it is"), false
	case errors.Is(err, mantisdb.ErrOverflow):
		return newProblem(numberOverflow, "the sum does not fit into 64 bits with a sign, and the number was left as it is"), false
	case errors.Is(err, mantisdb.ErrConflict):
		return newProblem(writeConflict, "other writes changed keys of the conditions again and again, and nothing was written: send it again"), false
	case errors.Is(err, mantisdb.ErrHistoryGone):
		return newProblem(historyGone, "%s; read the state anew", plain(err)), false
	case errors.Is(err, mantisdb.ErrWatchTooSlow):
		return newProblem(watchTooSlow, "%s; read the state anew", plain(err)), false
	case errors.Is(err, mantisdb.ErrExists):
		return newProblem(alreadyExists, "%s", plain(err)), false
	case errors.Is(err, mantisdb.ErrInvalidOptions), errors.Is(err, mantisdb.ErrInvalidTTL), errors.Is(err, wire.ErrTTL):
		return newProblem(malformedRequest, "%s", plain(err)), false
	case errors.As(err, new(*control.LineError)), errors.As(err, new(*control.ParameterError)), errors.As(err, new(*benchmarks.SettingsError)):
		return newProblem(malformedRequest, "%v", err), false
	case errors.Is(err, benchmarks.ErrNotFound):
		return newProblem(noSuchBenchmark, "%v: it may have been removed", err), false
	case errors.Is(err, benchmarks.ErrRunning):
		return newProblem(benchmarkRunning, "%v", err), false
	case errors.Is(err, benchmarks.ErrNoMemory):
		return newProblem(notEnoughMemory, "%v", err), false
	case errors.Is(err, control.ErrEnding), errors.Is(err, benchmarks.ErrClosed):
		return newProblem(unavailable, "the server ends"), false
	case errors.Is(err, mantisdb.ErrUnsupported):
		return newProblem(unsupported, "%s", plain(err)), false
	case errors.Is(err, mantisdb.ErrDiskFull) && errors.Is(err, mantisdb.ErrPoisoned):
		return newProblem(diskFull, "the disk is full; nothing is served until there is room and the server is started again"), true
	case errors.Is(err, mantisdb.ErrDiskFull):
		return newProblem(diskFull, "the disk is full; this was refused, and will be taken as soon as there is room"), true
	case errors.Is(err, mantisdb.ErrClosed):
		return newProblem(unavailable, "the database is closed"), false
	case errors.Is(err, mantisdb.ErrPoisoned), errors.Is(err, mantisdb.ErrOutOfMemory):
		return newProblem(unavailable, "%s", plain(err)), true
	case errors.Is(err, context.DeadlineExceeded), errors.Is(err, context.Canceled):
		return newProblem(unavailable, "the request was given up before it was done"), false
	}
	return newProblem(internalError, "the server failed to do this; its log says why"), true
}

// problemOfCondition tells which condition of a transaction does not hold, to
// programs too.
func problemOfCondition(err *server.ConditionError) *wire.Problem {
	p := newProblem(conditionFailed, "%v", err)
	p.Condition = &err.Index
	return p
}

// plain is the text of err without the package's name.
func plain(err error) string { return strings.ReplaceAll(err.Error(), "mantisdb: ", "") }

// writeProblem answers with err. The answer must not have begun.
func (h *Handler) writeProblem(w http.ResponseWriter, r *http.Request, err error) {
	p := h.problem(r, err)
	body, err := json.Marshal(p)
	if err != nil { // strings and a number always marshal
		panic(err)
	}
	body = append(body, '\n')
	header := w.Header()
	header.Set("Content-Type", "application/problem+json")
	if p == problemBusy || p == problemNoLeader || p == problemNoList {
		header.Set("Retry-After", "1")
	}
	if p.Status == http.StatusUnauthorized {
		header.Set("WWW-Authenticate", `Basic realm="MantisDB", charset="UTF-8"`)
	}
	header.Set("Content-Length", strconv.Itoa(len(body)))
	header["Cache-Control"] = noStore
	header["X-Content-Type-Options"] = noSniff
	w.WriteHeader(p.Status)
	w.Write(body)
}
