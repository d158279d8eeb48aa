# The two commands that matter: `make run` and `make test`. Both set up what they need by themselves.
.PHONY: run test lint types unit services browser format benchmark screenshots clean help

PORT ?= 8501
PY := .venv/bin/python

help:
	@echo "make run         set up, then start VOV on http://localhost:$(PORT)"
	@echo "make test        set up, then lint, types and all tests"
	@echo "make benchmark   measure the pipeline into benchmarks/RESULTS.md"
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

screenshots: setup-dev
	$(PY) -m tests.browser.screenshots

clean:
	rm -rf .venv .mypy_cache .ruff_cache .pytest_cache .hypothesis .coverage
