# vidkit with all but a local model (torch): the web library, buckets, Ray, Parquet, yt-dlp. See docs/deploy.md.
#
#     docker build -t vidkit .
#     docker run --rm -v "$PWD:/data" --user "$(id -u):$(id -g)" vidkit process --urls https://example.com/video.mp4
#
# ffmpeg is Debian's: it gets security fixes (videos are hostile input), runs on arm64 too, and knows NVENC.

FROM debian:trixie-slim AS build
# hadolint ignore=DL3008
RUN apt-get update \
 && apt-get install -y --no-install-recommends python3-venv \
 && rm -rf /var/lib/apt/lists/*
WORKDIR /build
COPY . .
# Ray's dashboard, because KubeRay starts and watches jobs through it.
# hadolint ignore=DL3013
RUN python3 -m venv /opt/vidkit \
 && /opt/vidkit/bin/pip install --no-cache-dir ".[cloud,export,ray,serve,sites]" "ray[default]"

FROM debian:trixie-slim
# wget is what KubeRay asks its nodes with.
# hadolint ignore=DL3008
RUN apt-get update \
 && apt-get install -y --no-install-recommends ca-certificates ffmpeg python3 wget \
 && rm -rf /var/lib/apt/lists/* \
 && useradd --uid 1000 --create-home vidkit \
 && install --directory --owner=vidkit --group=vidkit /data
COPY --from=build /opt/vidkit /opt/vidkit
ENV PATH=/opt/vidkit/bin:/usr/local/bin:/usr/bin:/bin \
    RAY_USAGE_STATS_ENABLED=0
USER 1000:1000
WORKDIR /data
VOLUME /data
EXPOSE 8765
# No HEALTHCHECK: a run that processes videos answers nobody. deploy/compose.yaml has the one of `vidkit serve`.
ENTRYPOINT ["vidkit"]
CMD ["--help"]
