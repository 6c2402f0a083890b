# The image serves and checks: `docker run callharness serve --host 0.0.0.0 --allow-remote`
# and `docker run callharness check ...`.
# The digest is that of the index of all architectures.
ARG BASE=python:3.11.14-slim-bookworm@sha256:65a93d69fa75478d554f4ad27c85c1e69fa184956261b4301ebaf6dbb0a3543d

FROM ${BASE} AS build
WORKDIR /src
# What is in the lock files, hash by hash, and nothing else.
COPY requirements.lock requirements-build.lock ./
RUN python3 -m venv /opt/callharness && python3 -m venv /opt/build \
    && /opt/callharness/bin/pip install --no-cache-dir --require-hashes --no-deps --only-binary :all: -r requirements.lock \
    && /opt/build/bin/pip install --no-cache-dir --require-hashes --no-deps --only-binary :all: -r requirements-build.lock
COPY . .
RUN /opt/build/bin/python -m hatchling build -t wheel -d /wheels \
    && /opt/callharness/bin/pip install --no-cache-dir --no-index --no-deps /wheels/*.whl \
    && /opt/callharness/bin/python -m pip uninstall --quiet --yes pip setuptools

FROM ${BASE}
LABEL org.opencontainers.image.title="callharness" org.opencontainers.image.licenses="Apache-2.0"
COPY --from=build /opt/callharness /opt/callharness
ENV PATH=/opt/callharness/bin:$PATH PYTHONUNBUFFERED=1
RUN useradd --create-home --uid 10001 harness && mkdir /work /reports && chown harness /work /reports
USER 10001
WORKDIR /work
EXPOSE 8080
ENTRYPOINT ["callharness"]
CMD ["--help"]
