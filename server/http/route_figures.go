package httpapi

import (
	"cmp"
	"net/http"
	"slices"
	"sync/atomic"
	"time"

	"github.com/mantisdb/mantisdb/server/figures"
)

// otherMethods and otherPaths stand for what is none of the API, so that clients cannot
// make figures by asking for it.
const (
	otherMethods = "other"
	otherPaths   = "other"
)

// routeFigures count the requests of one route by the classes of their statuses. To count
// takes no lock, and allocates nothing but the first time in a class.
type routeFigures struct {
	method, path string
	streams      bool // answers go on until somebody ends them
	classes      [statusClasses]atomic.Pointer[classFigures]
}

// statusClasses is how many classes of statuses there are: 1xx to 5xx.
const statusClasses = 5

// classFigures are in shards, one of which each recorder counts in.
type classFigures []classShard

type classShard struct {
	nanos, sent atomic.Int64
	durations   figures.Histogram
	_           [64]byte // keeps a neighbour's lines apart
}

// count counts a request.
func (f *routeFigures) count(shard, status int, sent int64, took time.Duration) {
	class := &f.classes[min(max(status/100-1, 0), statusClasses-1)]
	counts := class.Load()
	if counts == nil {
		made := make(classFigures, figures.Shards())
		class.CompareAndSwap(nil, &made)
		counts = class.Load()
	}
	s := &(*counts)[shard&(len(*counts)-1)]
	s.nanos.Add(int64(took))
	s.sent.Add(sent)
	s.durations.Add(took, 1)
}

// appendTo appends what was counted.
func (f *routeFigures) appendTo(routes []figures.Route) []figures.Route {
	for class := range f.classes {
		counts := f.classes[class].Load()
		if counts == nil {
			continue
		}
		r := figures.Route{Method: f.method, Path: f.path, Status: string(rune('1'+class)) + "xx", Streams: f.streams}
		for i := range *counts {
			s := &(*counts)[i]
			r.Time += time.Duration(s.nanos.Load())
			r.Sent += s.sent.Load()
			r.Latencies.Add(&s.durations)
		}
		r.Requests = r.Latencies.Count()
		routes = append(routes, r)
	}
	return routes
}

// entryFigures are those of entries, by method, in one keyspace or the default one.
type entryFigures struct {
	get, head, put, post, remove, other *routeFigures
}

func (h *Handler) newEntryFigures(path string) entryFigures {
	of := func(method string) *routeFigures { return h.newRouteFigures(method, path) }
	return entryFigures{
		get: of(http.MethodGet), head: of(http.MethodHead), put: of(http.MethodPut),
		post: of(http.MethodPost), remove: of(http.MethodDelete), other: of(otherMethods),
	}
}

func (f *entryFigures) of(method string) *routeFigures {
	switch method {
	case http.MethodGet:
		return f.get
	case http.MethodHead:
		return f.head
	case http.MethodPut:
		return f.put
	case http.MethodPost:
		return f.post
	case http.MethodDelete:
		return f.remove
	}
	return f.other
}

// newRouteFigures are those of a route, which the handler tells from now on. It is called
// before there are requests.
func (h *Handler) newRouteFigures(method, path string) *routeFigures {
	f := &routeFigures{method: method, path: path, streams: isStream(path)}
	h.counted = append(h.counted, f)
	return f
}

// addFigures adds what this protocol has to tell.
func (h *Handler) addFigures(all *figures.Snapshot) {
	for _, f := range h.counted {
		all.HTTP.Routes = f.appendTo(all.HTTP.Routes)
	}
	slices.SortStableFunc(all.HTTP.Routes, func(a, b figures.Route) int {
		return cmp.Or(cmp.Compare(a.Path, b.Path), cmp.Compare(a.Method, b.Method))
	})
	if h.shards != nil {
		all.StaleReads.Add(h.shards.StaleReads())
	}
}
