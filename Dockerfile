# The service in a container. With a GPU: --build-arg REQUIREMENTS=service/requirements-gpu.txt

FROM python:3.12-slim AS packages
ARG REQUIREMENTS=service/requirements.txt
WORKDIR /build
COPY service/requirements.txt service/requirements-gpu.txt service/
RUN python -m venv --without-pip /opt/venv && \
    pip --python /opt/venv/bin/python install --no-cache-dir --disable-pip-version-check \
        --requirement "$REQUIREMENTS"

FROM python:3.12-slim
LABEL org.opencontainers.image.title="Confidence Gate" \
      org.opencontainers.image.version="0.1.0" \
      org.opencontainers.image.licenses="Apache-2.0"
RUN useradd --uid 10001 --no-create-home --shell /usr/sbin/nologin gate && \
    install --directory --owner=gate --group=gate /var/lib/confidence-gate /var/lib/confidence-gate/models
COPY --from=packages /opt/venv /opt/venv
WORKDIR /app
COPY plugin/__init__.py plugin/
COPY plugin/contract plugin/contract
COPY models models
COPY service service
RUN /opt/venv/bin/python -m compileall -q /app
# One container is a whole installation: its store lies in the volume.
ENV PATH=/opt/venv/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    GATE_DATABASE_URL=sqlite:////var/lib/confidence-gate/gate.db \
    GATE_REGISTRY_DIR=/var/lib/confidence-gate/models \
    GATE_HOST=0.0.0.0 \
    GATE_PORT=8000 \
    GATE_LOG_FORMAT=json
VOLUME /var/lib/confidence-gate
EXPOSE 8000
USER 10001:10001
# Without a proxy, whatever the environment says: it asks itself.
HEALTHCHECK --interval=10s --timeout=5s --start-period=60s --retries=3 \
    CMD ["python", "-c", "import os, urllib.request as r; r.build_opener(r.ProxyHandler({})).open(f'http://127.0.0.1:{os.environ[\"GATE_PORT\"]}/readyz', timeout=4)"]
ENTRYPOINT ["python", "-m", "service"]
CMD ["serve"]
