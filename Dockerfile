# The server with the Rust engine, in a small image and under a user of its own: see
# docs/docker.md. `make test-docker` builds and runs it.
#
#   docker build --build-arg VERSION="$(git describe --tags --always)" --tag mantisdb .
#
# The images that it is made of are arguments: others of the same Debian release (or of a
# later one, for the last of them) do as well, and one may name digests in place of tags. That
# of Node may be any.
ARG NODE_IMAGE=docker.io/library/node:24-trixie-slim
ARG RUST_IMAGE=docker.io/library/rust:1.95-trixie
ARG GO_IMAGE=docker.io/library/golang:1.26-trixie
ARG RUNTIME_IMAGE=docker.io/library/debian:trixie-slim

# The Rust core, as the archive that Go links. First what it depends on, which changes
# seldom: cargo reads no manifest whose targets are not there.
FROM ${RUST_IMAGE} AS core
WORKDIR /src
COPY Cargo.toml Cargo.lock ./
COPY rust-core/Cargo.toml rust-core/
COPY rust-core/benches/Cargo.toml rust-core/benches/
COPY tools/header/Cargo.toml tools/header/
COPY tools/instructions/core/Cargo.toml tools/instructions/core/
RUN mkdir -p rust-core/src tools/header/src tools/instructions/core/src internal/core && \
    touch rust-core/src/lib.rs tools/header/src/main.rs tools/instructions/core/src/main.rs && \
    awk -F '"' '/^path/ {printf "" >("rust-core/benches/" $2)}' rust-core/benches/Cargo.toml && \
    cargo fetch --locked --target "$(rustc --print host-tuple)"
COPY scripts scripts
COPY rust-core rust-core
ENV CARGO_NET_OFFLINE=true
RUN scripts/build-core.sh && \
    scripts/licenses.sh rust >licenses-of-rust

# The dashboard. What it is built of changes seldom.
FROM ${NODE_IMAGE} AS frontend
WORKDIR /src
COPY scripts scripts
COPY web/package.json web/package-lock.json web/
RUN scripts/install-frontend.sh
COPY web web
RUN scripts/build-frontend.sh && \
    scripts/licenses.sh frontend >licenses-of-frontend

# The program.
FROM ${GO_IMAGE} AS build
WORKDIR /src
COPY go.mod go.sum ./
RUN go mod download
COPY . .
COPY --from=core /src/target/mantisdb/libmantisdb_core.a target/mantisdb/
COPY --from=frontend /src/web/dist web/dist
ARG VERSION=dev
RUN --mount=type=cache,target=/root/.cache/go-build \
    scripts/stamp-core.sh && \
    CGO_ENABLED=1 go build -trimpath -buildvcs=false -tags rust -ldflags "-X main.version=${VERSION}" -o /out/mantisdb ./cmd/mantisdb && \
    scripts/licenses.sh go >/out/third-party-licenses
COPY --from=core /src/licenses-of-rust /out/
COPY --from=frontend /src/licenses-of-frontend /out/
RUN cat /out/licenses-of-rust /out/licenses-of-frontend >>/out/third-party-licenses

FROM ${RUNTIME_IMAGE}
# A number of its own, which owners of volumes and Kubernetes' runAsNonRoot can be told.
RUN groupadd --gid 10001 mantisdb && \
    useradd --uid 10001 --gid mantisdb --home-dir /data --no-create-home --shell /usr/sbin/nologin mantisdb && \
    install --directory --owner=mantisdb --group=mantisdb --mode=0700 /data
# For commands that speak to an encrypted server.
COPY --from=build /etc/ssl/certs/ca-certificates.crt /etc/ssl/certs/
COPY LICENSE /usr/share/doc/mantisdb/copyright
COPY --from=build /out/third-party-licenses /usr/share/doc/mantisdb/
COPY --from=build /out/mantisdb /usr/bin/

# An address that other machines reach takes a password: without MANTISDB_PASSWORD_FILE,
# MANTISDB_PASSWORD or MANTISDB_USERS the server ends at once, and says so.
ENV MANTISDB_BIND=0.0.0.0 \
    MANTISDB_DATA_DIR=/data
USER 10001:10001
WORKDIR /data
VOLUME /data
EXPOSE 8080
STOPSIGNAL SIGTERM
# A start reads the log of a large database first.
HEALTHCHECK --interval=15s --timeout=10s --start-period=5m --retries=3 CMD ["mantisdb", "health"]
ENTRYPOINT ["mantisdb"]
CMD ["serve"]

ARG VERSION=dev
LABEL org.opencontainers.image.title="MantisDB" \
      org.opencontainers.image.description="An ordered, durable key-value database, by HTTP and by the Redis protocol" \
      org.opencontainers.image.source="https://github.com/mantisdb/mantisdb" \
      org.opencontainers.image.documentation="https://github.com/mantisdb/mantisdb/blob/main/docs/docker.md" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.version="${VERSION}"
