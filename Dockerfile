# One image for every process of stocksync; deploy/compose.yaml says which is which.
FROM python:3.13-slim-trixie AS packages
COPY requirements.txt .
RUN python -m venv /venv && /venv/bin/pip install --no-cache-dir --requirement requirements.txt

FROM python:3.13-slim-trixie
# pg_dump and pg_restore, for `backup` and `restore`; as new as the server, or newer.
RUN apt-get update \
    && apt-get install --yes --no-install-recommends postgresql-client \
    && rm -rf /var/lib/apt/lists/* \
    && useradd --create-home --uid 1000 stocksync \
    && install --directory --owner stocksync /data
COPY --from=packages /venv /venv
WORKDIR /app
COPY manage.py .
COPY scheduling scheduling
COPY market_data market_data
COPY stocksync stocksync
RUN /venv/bin/python -m compileall -q .
ENV PATH=/venv/bin:$PATH PYTHONUNBUFFERED=1 STOCKSYNC_VAR=/data LOG_FORMAT=json
USER stocksync
VOLUME /data
EXPOSE 8000
HEALTHCHECK --interval=30s --timeout=5s --start-period=30s \
    CMD ["python", "-c", "import urllib.request; urllib.request.urlopen('http://127.0.0.1:8000/healthz', timeout=4)"]
CMD ["gunicorn", "stocksync.wsgi", "--bind", "0.0.0.0:8000", "--workers", "2", "--threads", "4"]
