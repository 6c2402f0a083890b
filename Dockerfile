FROM python:3.11-slim AS build
WORKDIR /src
COPY pyproject.toml README.md LICENSE ./
COPY harness harness
COPY specs specs
RUN pip wheel --no-cache-dir --wheel-dir /wheels .

FROM python:3.11-slim
COPY --from=build /wheels /wheels
RUN pip install --no-cache-dir --no-index --find-links /wheels callharness && rm -rf /wheels \
    && useradd --create-home harness
USER harness
WORKDIR /home/harness
ENTRYPOINT ["callharness"]
CMD ["--help"]
