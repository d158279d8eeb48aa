# The two commands that matter: `make run` and `make test`. Both set up what they need by themselves.
.PHONY: run test lint types unit services browser format benchmark screenshots clean help

PORT ?= 8501
PY := .venv/bin/python

help:
	@echo "make run         set up, then start VOV on http://localhost:$(PORT)"
	@echo "make test        set up, then lint, types and all tests"
	@echo "make benchmark   measure the pipeline into benchmarks/RESULTS.md"
	@echo "make peers       side by side with the earlier service (needs a quiet machine)"
	@echo "make stack       the whole installation on this machine: nginx with TLS, two processes, MariaDB, S3"
	@echo "make audit       known vulnerabilities of all packages (needs the network)"
	@echo "make sbom        sbom.json: what VOV is made of (CycloneDX)"
	@echo "make containers  check Dockerfile and compose.yaml (no container engine needed)"
	@echo "make ray         the tests of batches on Ray, which make test leaves out"
	@echo "make screenshots take the README's pictures anew"

run: setup-run
	$(PY) serve.py --server.port $(PORT)

.PHONY: setup-run setup-dev
setup-run:
	@scripts/setup.sh run
setup-dev:
	@scripts/setup.sh dev

test: setup-dev lint types unit services browser

lint: setup-dev
	$(PY) -m ruff check .
	$(PY) -m ruff format --check .

types: setup-dev
	$(PY) -m mypy

unit: setup-dev
	$(PY) -m pytest tests --ignore tests/services --ignore tests/browser -n 2 --dist loadfile -q --cov --cov-report term

services: setup-dev
	$(PY) -m pytest tests/services -q

browser: setup-dev
	$(PY) -m pytest tests/browser -q

format: setup-dev
	$(PY) -m ruff check --fix .
	$(PY) -m ruff format .

benchmark: setup-dev
	$(PY) -m benchmarks.pipeline
	$(PY) -m benchmarks.session
	$(PY) -m benchmarks.coverage
	$(PY) -m benchmarks.live

.PHONY: peers
peers: setup-dev
	$(PY) -m benchmarks.peers

screenshots: setup-dev
	$(PY) -m tests.browser.screenshots

stack: setup-dev
	$(PY) -m deploy.stack

# Not part of `make test`: they need the network, and a new finding must not stop a release's tests.
.PHONY: stack audit sbom containers
TOOLS := .tools/bin
$(TOOLS)/.ready: requirements-tools.txt
	python3.11 -m venv .tools
	$(TOOLS)/pip install --quiet --disable-pip-version-check --no-deps -r requirements-tools.txt
	@touch $@

# --strict: a package that nobody could look up is no package without findings.
audit: $(TOOLS)/.ready
	grep -hE '^(torch|ray|msgpack)==' requirements.txt requirements-ray.txt | sed 's/ .*//' \
	  | cat - constraints.txt > .tools/audited.txt
	$(TOOLS)/pip-audit --strict --disable-pip --no-deps -r .tools/audited.txt

sbom: $(TOOLS)/.ready setup-run
	$(TOOLS)/cyclonedx-py environment --pyproject pyproject.toml --of JSON -o sbom.json $(PY)

containers: $(TOOLS)/.ready
	$(TOOLS)/hadolint deploy/Dockerfile
	$(TOOLS)/check-jsonschema --builtin-schema vendor.compose-spec compose.yaml

# Ray beside everything that .venv has: an extra that only batches on several machines need.
.PHONY: ray
.ray/.ready: requirements-ray.txt
	$(PY) -m venv .ray
	.ray/bin/python -m pip install --quiet --disable-pip-version-check --no-deps -r requirements-ray.txt
	realpath .venv/lib/python3.11/site-packages > .ray/lib/python3.11/site-packages/venv.pth
	ln -sf ../../.venv/bin/weed .ray/bin/weed
	@touch $@

ray: setup-dev .ray/.ready
	.ray/bin/python -m pytest tests/batch/test_ray.py tests/services/test_batch_s3.py -q -rs

clean:
	rm -rf .tools .ray .venv .mypy_cache .ruff_cache .pytest_cache .hypothesis .coverage
