# Watchkeeper in a container. Plain: no RUN --mount, no heredocs, so that the legacy builder makes it as well.
# Where no registry can be reached, `make docker-bases` makes stand-ins for the two base images.
ARG BUILD_IMAGE=rust:1-bookworm
ARG BASE_IMAGE=debian:bookworm-slim

FROM ${BUILD_IMAGE} AS build
WORKDIR /src
COPY . .
RUN cargo build --locked --release -p watchkeeper \
    && strip -o /watchkeeper target/release/watchkeeper

FROM ${BASE_IMAGE}
# One layer of a few kilobytes beside the program: a user, and the folder whose owner an empty volume takes over.
RUN groupadd --system --gid 26379 watchkeeper \
    && useradd --system --uid 26379 --gid watchkeeper --home-dir /data --shell /usr/sbin/nologin watchkeeper \
    && mkdir /data && chown watchkeeper:watchkeeper /data && chmod 700 /data \
    && ln -s watchkeeper /usr/local/bin/redis-sentinel \
    && ln -s watchkeeper /usr/local/bin/valkey-sentinel
COPY --from=build /watchkeeper /usr/local/bin/watchkeeper
ENV STATE_DIR=/data
WORKDIR /data
VOLUME /data
USER watchkeeper
EXPOSE 26379
HEALTHCHECK --interval=10s --timeout=5s --start-period=10s --retries=3 CMD ["watchkeeper", "healthcheck"]
CMD ["watchkeeper", "run", "--from-env"]
