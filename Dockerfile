# The phone's pages
FROM node:24-slim AS phone
WORKDIR /build
COPY miniprogram/package.json miniprogram/package-lock.json ./
RUN npm install --no-save --no-audit --no-fund
COPY miniprogram/ ./
RUN npm run build:h5

# The Python environment; servers come from outside, so no extras
FROM python:3.13-slim AS python
WORKDIR /build
COPY requirements/build.txt requirements/base.txt requirements/
RUN python -m venv /opt/wuzhan \
    && /opt/wuzhan/bin/pip install --no-cache-dir --require-hashes -r requirements/base.txt \
    && python -m venv /opt/build \
    && /opt/build/bin/pip install --no-cache-dir --require-hashes -r requirements/build.txt
COPY . ./
RUN /opt/build/bin/pip wheel --no-cache-dir --no-deps --no-build-isolation --wheel-dir dist . \
    && /opt/wuzhan/bin/pip install --no-cache-dir --no-deps dist/*.whl

FROM python:3.13-slim
COPY --from=python /opt/wuzhan /opt/wuzhan
COPY --from=phone /build/dist/build/h5 /opt/wuzhan/h5
# pg_dump and pg_restore for `wuzhan backup` and `wuzhan restore`; of Debian's version, 17, or older servers.
# hadolint ignore=DL3008
RUN apt-get update \
    && apt-get install --yes --no-install-recommends postgresql-client \
    && rm -rf /var/lib/apt/lists/* \
    && useradd --system --uid 10001 --create-home --home-dir /var/lib/wuzhan wuzhan \
    # A volume that is mounted here takes over the owner.
    && install --directory --owner=10001 --mode=0700 /var/lib/wuzhan/data /var/lib/wuzhan/backups
USER 10001
WORKDIR /var/lib/wuzhan
ENV PATH=/opt/wuzhan/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    WUZHAN_HOST=0.0.0.0 \
    WUZHAN_DATA_DIR=/var/lib/wuzhan/data \
    WUZHAN_H5_DIR=/opt/wuzhan/h5
EXPOSE 8000
# For the API; a worker or relay runs with --no-healthcheck, its heartbeat is in /readyz.
HEALTHCHECK --interval=30s --timeout=5s --start-period=20s \
    CMD ["python", "-c", "import os, urllib.request as u; u.urlopen(f'http://127.0.0.1:{os.environ.get(\"WUZHAN_PORT\", 8000)}/healthz', timeout=4)"]
ENTRYPOINT ["wuzhan"]
CMD ["api"]
