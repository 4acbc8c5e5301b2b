package httpapi

import (
	"cmp"
	"net/http"

	"github.com/mantisdb/mantisdb/server/benchmarks"
	"github.com/mantisdb/mantisdb/storage"
)

// Paths of benchmarks. "levels" is no name of a run.
const (
	benchmarksPath      = apiPath + "/benchmarks"
	benchmarkLevelsPath = benchmarksPath + "/levels"
)

// WithBenchmarks has the handler start benchmarks, and tell what they showed. It is to be
// called before the first request.
func (h *Handler) WithBenchmarks(runs *benchmarks.Runs) *Handler {
	h.benchmarks = runs
	h.routeAll()
	return h
}

// benchmarkRoutes are the resources of WithBenchmarks.
func (h *Handler) benchmarkRoutes() []route {
	return []route{
		{http.MethodGet, benchmarksPath, administrate, h.listBenchmarks},
		{http.MethodPost, benchmarksPath, administrate, h.startBenchmark},
		{http.MethodGet, benchmarkLevelsPath, administrate, h.benchmarkLevels},
		{http.MethodGet, benchmarksPath + "/{id}", administrate, h.getBenchmark},
		{http.MethodDelete, benchmarksPath + "/{id}", administrate, h.removeBenchmark},
	}
}

// benchmarkRequest says what to measure.
type benchmarkRequest struct {
	Stress string  `json:"stress"` // empty: "light"
	Engine string  `json:"engine"` // empty: the default of this program
	Seed   *uint64 `json:"seed"`   // nil: 1
}

// startBenchmark begins a run: 201.
func (h *Handler) startBenchmark(w http.ResponseWriter, r *http.Request) error {
	var asked benchmarkRequest
	if err := readJSON(w, r, "a benchmark", &asked); err != nil {
		return err
	}
	settings := benchmarks.Settings{Stress: cmp.Or(asked.Stress, "light"), Engine: cmp.Or(asked.Engine, storage.DefaultEngine), Seed: 1}
	if asked.Seed != nil {
		settings.Seed = *asked.Seed
	}
	run, err := h.benchmarks.Start(settings)
	if err != nil {
		return err
	}
	h.logAdmin(r, "a benchmark was started", "benchmark", run.ID, "stress", settings.Stress, "engine", settings.Engine)
	w.Header().Set("Location", benchmarksPath+"/"+run.ID)
	return writeJSONAs(w, http.StatusCreated, run)
}

// listBenchmarks answers with all runs, the newest first.
func (h *Handler) listBenchmarks(w http.ResponseWriter, _ *http.Request) error {
	return writeJSON(w, map[string]any{"benchmarks": h.benchmarks.List()})
}

// benchmarkLevels answers with what a run may be asked for.
func (h *Handler) benchmarkLevels(w http.ResponseWriter, _ *http.Request) error {
	return writeJSON(w, h.benchmarks.Choices())
}

// getBenchmark answers with a run and its reports.
func (h *Handler) getBenchmark(w http.ResponseWriter, r *http.Request) error {
	run, err := h.benchmarks.Get(r.PathValue("id"))
	if err != nil {
		return err
	}
	return writeJSON(w, run)
}

// removeBenchmark stops a run that is under way, or forgets one that has ended: 204.
func (h *Handler) removeBenchmark(w http.ResponseWriter, r *http.Request) error {
	id := r.PathValue("id")
	if r.URL.Path == benchmarkLevelsPath {
		return refuseMethod(w, r, allowOf([]string{http.MethodGet}))
	}
	if err := h.benchmarks.Remove(r.Context(), id); err != nil {
		return err
	}
	h.logAdmin(r, "a benchmark was stopped or removed", "benchmark", id)
	w.WriteHeader(http.StatusNoContent)
	return nil
}
