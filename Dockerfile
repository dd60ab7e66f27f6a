# The core alone:            docker build -t auditor .
# With the training extra:   docker build -t auditor --build-arg EXTRAS='[train]' .
# Run without a network:     docker run --rm --network none -v "$PWD/flowers:/data:ro" -v "$PWD/audit:/out" auditor scan /data -o /out/audit
ARG PYTHON=3.12

FROM python:${PYTHON}-slim AS build
ARG EXTRAS=""
WORKDIR /source
COPY . .
RUN python -m venv /opt/auditor \
    && /opt/auditor/bin/pip install --no-cache-dir --no-compile -c constraints.txt ".${EXTRAS}" \
    && /opt/auditor/bin/pip uninstall --yes pip

FROM python:${PYTHON}-slim
COPY --from=build /opt/auditor /opt/auditor
ENV PATH=/opt/auditor/bin:$PATH NO_ALBUMENTATIONS_UPDATE=1 PYTHONDONTWRITEBYTECODE=1
# By hand: not every slim image has useradd.
RUN echo "auditor:x:1000:1000::/home/auditor:/bin/sh" >> /etc/passwd \
    && echo "auditor:x:1000:" >> /etc/group \
    && install --directory --owner=1000 --group=1000 /home/auditor /out
USER 1000
WORKDIR /out
ENTRYPOINT ["auditor"]
CMD ["--help"]
