# One image for every process of ordersaga: `docker run ordersaga --help`.
# The first stage builds a virtual environment from the hashed locks; the second carries it, and no tool to build with.
ARG PYTHON_TAG=3.13-slim-trixie

FROM python:${PYTHON_TAG} AS build
WORKDIR /src
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 \
    PIP_NO_CACHE_DIR=1
COPY requirements/ requirements/
RUN python -m venv /opt/build \
 && python -m venv --without-pip /opt/ordersaga \
 && /opt/build/bin/pip install --quiet --require-hashes --only-binary :all: -r requirements/build.lock \
 && /opt/build/bin/pip --python /opt/ordersaga/bin/python install --quiet --require-hashes --only-binary :all: \
    -r requirements/runtime.lock
COPY . .
RUN /opt/build/bin/pip wheel --quiet --no-deps --no-build-isolation --wheel-dir /tmp/wheel . \
 && /opt/build/bin/pip --python /opt/ordersaga/bin/python install --quiet --no-deps --no-index /tmp/wheel/*.whl

FROM python:${PYTHON_TAG}
RUN groupadd --gid 10001 ordersaga \
 && useradd --uid 10001 --gid 10001 --no-create-home --home-dir /nonexistent --shell /usr/sbin/nologin ordersaga
COPY --from=build /opt/ordersaga /opt/ordersaga
ENV PATH=/opt/ordersaga/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    ORDERSAGA_API_HOST=0.0.0.0
WORKDIR /tmp
USER 10001:10001
EXPOSE 8000
STOPSIGNAL SIGTERM
# The API's own check; who runs another process from this image brings that one's. No curl: the image has none.
HEALTHCHECK --interval=10s --timeout=6s --start-period=60s --retries=3 \
  CMD ["python", "-c", "import http.client as h; c = h.HTTPConnection('127.0.0.1', 8000, timeout=5); c.request('GET', '/readyz'); exit(c.getresponse().status != 200)"]
ENTRYPOINT ["ordersaga"]
CMD ["api"]
