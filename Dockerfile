# Two images from one file: `docker build --target web .` has no torch, `docker build --target worker .` has no FastAPI.
FROM python:3.11-slim AS base
WORKDIR /babelscope
ENV PYTHONUNBUFFERED=1 PIP_NO_CACHE_DIR=1 DATA_DIR=/data
RUN useradd --create-home babelscope && mkdir /data && chown babelscope /data
COPY requirements.lock pyproject.toml README.md LICENSE alembic.ini ./
COPY app app
COPY migrations migrations
COPY demo demo

FROM base AS web
RUN apt-get update && apt-get install -y --no-install-recommends fonts-noto-core fonts-noto-cjk \
    && rm -rf /var/lib/apt/lists/*
COPY templates templates
COPY static static
RUN pip install -c requirements.lock -e '.[web]'
USER babelscope
ENV HOST=0.0.0.0 PORT=8000
EXPOSE 8000
HEALTHCHECK CMD python -c "import urllib.request as u; u.urlopen('http://127.0.0.1:8000/healthz', timeout=3)"
CMD ["babelscope", "serve"]

FROM base AS worker
COPY worker worker
RUN pip install torch==2.13.0 && pip install -c requirements.lock -e '.[worker]'
USER babelscope
CMD ["babelscope", "worker"]
