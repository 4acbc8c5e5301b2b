# `make help` lists the targets. Anything longer than a line or two lives in
# scripts/. Nothing is installed outside the checkout, except by install-core.

SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := build
MAKEFLAGS += --no-builtin-rules

VERSION ?= $(or $(shell git describe --tags --always --dirty 2>/dev/null),dev)
PREFIX  ?= /usr/local
PORT    ?= 8080
ARGS    ?=

SHORT        ?= -short
FUZZ_SECONDS ?= 60
FUZZ_TARGETS ?=

MODULE      := github.com/mantisdb/mantisdb
GO_BUILD     = go build -trimpath -buildvcs=false -ldflags '-X main.version=$(VERSION)'
# What `go vet` finds, `make lint` tells, once and not of every build.
GO_TEST     := go test -vet=off
STATICCHECK := honnef.co/go/tools/cmd/staticcheck@v0.8.2

##@ Build

.PHONY: build
build: ## ./mantisdb, with the Go engine only; needs nothing but Go
	@scripts/require.sh go
	@scripts/build-frontend.sh --if-possible
	CGO_ENABLED=0 $(GO_BUILD) -o mantisdb ./cmd/mantisdb

.PHONY: build-rust-core
build-rust-core: ## the Rust core, as the archive that `go build -tags rust` links
	@scripts/build-core.sh

.PHONY: build-rust
build-rust: build-rust-core ## ./mantisdb-rust, with both engines
	@scripts/require.sh go cc
	@scripts/build-frontend.sh --if-possible
	CGO_ENABLED=1 $(GO_BUILD) -tags rust -o mantisdb-rust ./cmd/mantisdb

.PHONY: build-frontend
build-frontend: ## the dashboard, which the programs embed if it is there; needs Node
	@scripts/build-frontend.sh

.PHONY: run
run: build-rust ## builds and starts the server with the Rust engine (PORT=8080 ARGS=)
	exec ./mantisdb-rust --port=$(PORT) $(ARGS)

.PHONY: man
man: build-rust ## the manual pages of ./mantisdb-rust, in target/man
	./mantisdb-rust man --dir=target/man

.PHONY: header
header: ## rust-core/include/mantisdb_core.h from the Rust source
	@scripts/header.sh rust-core/include/mantisdb_core.h

.PHONY: install-core
install-core: build-rust-core ## the core's archive, header and pkg-config file under PREFIX=/usr/local
	@scripts/install-core.sh '$(abspath $(PREFIX))'

.PHONY: deb
deb: build-rust ## a Debian package of ./mantisdb-rust, in target/deb; needs Debian
	@scripts/deb.sh '$(VERSION)'

.PHONY: clean
clean: ## removes what was built
	rm -rf target mantisdb mantisdb-rust internal/core/core_stamp.h web/node_modules
	find web/dist -mindepth 1 -not -name .gitkeep -delete

##@ Test

# In an order that fails early and shares builds: the quick Go suite, then the
# core's own tests, then what links the two. What waits for programs and networks
# more than it computes comes last, in two lines side by side, and the sanitizers
# run beside all that takes long.
TESTS := test-go test-header test-core test-shuttle test-archive test-relink test-consumers test-instructions \
	-test-sanitizers test-rust-engine test-race test-cgocheck \
	+test-redis,test-clients,test-cluster-clients,test-api,test-web test-cluster test-distributed-cache

.PHONY: test
test: ## every test
	@scripts/build-frontend.sh --if-possible # once, before several build what embeds it
	@scripts/test.sh $(TESTS)

# In short: test-rust-engine's build has both engines, and runs what takes long.
.PHONY: test-go
test-go: ## the Go packages with the Go engine, without cgo (SHORT=-short)
	@scripts/require.sh go
	CGO_ENABLED=0 $(GO_TEST) $(SHORT) ./...

.PHONY: test-core
test-core: ## the Rust core's own tests, documentation examples included
	@scripts/require.sh rust cc
	cargo test --quiet --package mantisdb-core

# One at a time: the epoch is not the model's, and a test that has no processor would hold back
# the others.
.PHONY: test-shuttle
test-shuttle: ## model tests: the lock-free parts under explored interleavings
	cargo test --quiet --package mantisdb-core --no-default-features --features shuttle --lib -- --test-threads=1

.PHONY: test-header
test-header: ## the committed C header is what the Rust source says
	@scripts/test-header.sh

.PHONY: test-archive
test-archive: build-rust-core ## the archive exports the C ABI and nothing else
	@scripts/test-archive.sh

.PHONY: test-instructions
test-instructions: ## instruction counts against their baseline; needs valgrind
	@scripts/test-instructions.sh

.PHONY: test-rust-engine
test-rust-engine: build-rust-core ## the Go packages with the Rust engine
	@scripts/require.sh go cc
	CGO_ENABLED=1 $(GO_TEST) -tags rust ./...

# CHAOS= how long faults befall the cluster; SEED= which.
.PHONY: test-cluster
test-cluster: build-rust-core ## clusters of real processes that are killed, parted and paused (CHAOS=60s SEED=)
	@scripts/require.sh go cc ip nft
	CGO_ENABLED=1 $(GO_TEST) -tags rust -count=1 -v -timeout=60m ./internal/clustertest -chaos=$(or $(CHAOS),60s) -chaos.seed=$(or $(SEED),0)

.PHONY: test-cluster-clients
test-cluster-clients: build-rust-core ## cluster clients of Redis, while shards move and nodes restart: go-redis, redis-py, ioredis
	@scripts/test-cluster-clients.sh rust

# CUTS= how long cuts befall the network, each for a time at random; without it, some befall it once each.
.PHONY: test-distributed-cache
test-distributed-cache: build-rust-core ## nodes of a distributed cache that are killed, paused and cut off, with one copy and with two (CUTS=)
	@scripts/require.sh go cc ip nft
	CGO_ENABLED=1 $(GO_TEST) -tags rust -count=1 -v -timeout=60m ./server/cachenode -faults -cuts=$(or $(CUTS),0) -cuts.seed=$(or $(SEED),0)

.PHONY: test-redis
test-redis: build-rust-core ## Redis's own test suite, against both engines
	@scripts/test-redis.sh go
	@scripts/test-redis.sh rust

.PHONY: test-clients
test-clients: build-rust-core ## real clients of Redis: redis-py, go-redis, ioredis, redis-cli, redis-benchmark
	@scripts/test-clients.sh go
	@scripts/test-clients.sh rust

# EXAMPLES= how many requests are made up for each operation, at most; SEED= of which kind.
.PHONY: test-api
test-api: build-rust-core ## requests made up by schemathesis from the OpenAPI file (EXAMPLES=10 SEED=1)
	@EXAMPLES='$(EXAMPLES)' SEED='$(SEED)' scripts/test-api.sh rust

.PHONY: test-web
test-web: build-rust-core ## the dashboard in a browser, against a server under load
	@scripts/test-web.sh

.PHONY: test-relink
test-relink: build-rust-core ## a changed core is linked anew by a plain go build
	@scripts/test-relink.sh

.PHONY: test-consumers
test-consumers: build-rust-core ## the library in modules of its own, linked three ways
	@scripts/test-consumers.sh

.PHONY: test-race
test-race: build-rust-core ## the Go packages, both engines, under the race detector
	CGO_ENABLED=1 $(GO_TEST) -short -race -tags rust ./...

.PHONY: test-cgocheck
test-cgocheck: build-rust-core ## the C ABI's Go side with every pointer that crosses checked
	CGO_ENABLED=1 GOEXPERIMENT=cgocheck2 $(GO_TEST) -short -tags rust . ./storage/... ./cache/...

.PHONY: test-sanitizers
test-sanitizers: ## the core's tests under AddressSanitizer and ThreadSanitizer
	@scripts/test-sanitizers.sh

.PHONY: test-miri
test-miri: ## the core's unit tests under Miri; needs a nightly toolchain, not part of test
	MIRIFLAGS=-Zmiri-permissive-provenance MANTISDB_TEST_SCALE=small \
		cargo +nightly miri test --package mantisdb-core --no-default-features --lib

.PHONY: test-docker
test-docker: ## builds the Dockerfile and runs the image, on stand-ins for its bases; not part of test
	@scripts/test-docker.sh '$(VERSION)'

.PHONY: test-deb
test-deb: build-rust ## the Debian package, in a system of its own; not part of test
	@scripts/test-deb.sh '$(VERSION)'

.PHONY: fuzz
fuzz: ## the core's fuzz targets, each for FUZZ_SECONDS=60; not part of test
	@FUZZ_SECONDS=$(FUZZ_SECONDS) scripts/fuzz.sh $(FUZZ_TARGETS)

##@ Measure and check

.PHONY: bench
bench: build-rust ## criterion's benchmarks of the core, then the benchmark mode with both engines
	cargo bench --package mantisdb-benches
	./mantisdb-rust --benchmark-only --benchmark-stress=light --benchmark-engine=all $(ARGS)

# More settings: see the script.
.PHONY: bench-compare
bench-compare: ## MantisDB beside its peers (SCALE=small|full ONLY=regexp ROUNDS= SECONDS= KEYS= ROCKSDB=no)
	@SCALE='$(SCALE)' ONLY='$(ONLY)' ROUNDS='$(ROUNDS)' PHASE_SECONDS='$(SECONDS)' KEYS='$(KEYS)' scripts/bench-compare.sh

.PHONY: instructions-baseline
instructions-baseline: ## moves the baseline of test-instructions to what is counted now
	@scripts/test-instructions.sh --write

.PHONY: lint
lint: ## formatting, vet, staticcheck, clippy, shellcheck
	@STATICCHECK=$(STATICCHECK) scripts/lint.sh

.PHONY: help
help: ## this list
	@awk -F':.*## ' '/^##@/ {print "\n" substr($$0, 5)} /^[a-z-]+:.*## / {printf "  %-22s %s\n", $$1, $$2}' $(MAKEFILE_LIST)
