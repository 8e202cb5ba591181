# `make help` lists the targets. All of them make or renew .venv first when it is needed.

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.PHONY: help setup check lint test soak fuzz bench bench-detection load demo reference lock format clean

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin

# Naming the Python in the stamp makes another Python another virtual environment.
PYTHON_VERSION := $(shell $(PYTHON) -c 'import platform; print(platform.python_version())' 2>/dev/null)
PACKAGES := $(VENV)/.packages-$(PYTHON_VERSION)
READY := $(VENV)/.ready

help: ## list the targets
	@sed -nE 's/^([a-z-]+):.*## (.*)/\1|\2/p' $(MAKEFILE_LIST) | \
	while IFS='|' read -r target text; do printf 'make %-15s %s\n' "$$target" "$$text"; done

setup: $(READY) ## make .venv with the locked packages and the stream-detector command

# Tests run in two processes, each with servers of its own, for which most of the slow ones wait.
check: lint ## before every commit: style, types, imports and the fast tests, two minutes
	$(BIN)/pytest -q --numprocesses 2

lint: $(READY) ## style, types and the direction of imports
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-logo

test: lint ## everything: also TensorFlow, real Kafka and Redis, examples in docstrings
	$(BIN)/pytest -m "" --numprocesses 2 --dist loadfile --doctest-modules stream_detector trainer tests

soak: $(READY) ## prove exact recovery on real Kafka for SECONDS=600: the last line is the tally
	$(BIN)/python -m tests.end_to_end.soak --seconds $(or $(SECONDS),600) $(if $(SEED),--seed $(SEED))

fuzz: $(READY) ## give every decoder INPUTS=1000000 inputs: read, or refused with a reason
	$(BIN)/python -m tests.fuzz.run --inputs $(or $(INPUTS),1000000) $(if $(SEED),--seed $(SEED))

bench: $(READY) ## measure what a score costs in memory, then on real Kafka: seven minutes
	$(BIN)/python -m tests.benchmarks.scoring
	$(BIN)/python -m tests.benchmarks.streaming
	$(BIN)/python -m tests.benchmarks.changing
	$(BIN)/python -m tests.benchmarks.bridging
	$(BIN)/python -m tests.benchmarks.bridging_mqtt

load: $(READY) ## put the alert book under load on real Kafka for SECONDS=60
	$(BIN)/python -m tests.benchmarks.book $(if $(SECONDS),--seconds $(SECONDS))

bench-detection: $(READY) ## measure detection on the recordings in STREAM_DETECTOR_RECORDINGS: under 15 minutes
	$(BIN)/python -m tests.benchmarks.detection

demo: $(READY) ## the whole product on this machine; CSV=FILE takes your readings, ARGS= goes to the command
	$(BIN)/stream-detector demo $(if $(CSV),--csv "$(CSV)") $(ARGS)

reference: $(READY) ## renew what deploy/ says of the settings, from their docstrings
	$(BIN)/python -m tests.deploy.reference

format: $(READY) ## rewrite the code in the house style
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

lock: $(READY) ## renew requirements.lock after a change of the dependencies in pyproject.toml
	$(BIN)/uv pip compile --universal --python-version 3.11 --generate-hashes --no-emit-index-url \
	    --no-annotate --no-header --all-extras --group dev --quiet pyproject.toml -o requirements.lock

clean: ## remove .venv and everything else that was made here
	rm -rf $(VENV) build dist *.egg-info .hypothesis .import_linter_cache .mypy_cache .pytest_cache .ruff_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# A stamp is written last: what an interrupted setup leaves has none, and is made anew.
#
# uv brings the packages in a sixth of pip's time, but does not know what pip.conf says of indexes,
# proxies and certificates: where that names a place of its own, and where uv fails, pip does it.
$(PACKAGES): requirements.lock
	@$(PYTHON) -c 'import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 14))' 2>/dev/null || \
	    { echo "setup: needs Python 3.11, 3.12 or 3.13, but $(PYTHON) is $(or $(PYTHON_VERSION),missing); name another one with export PYTHON=python3.12" >&2; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || \
	    { echo "setup: $(PYTHON) cannot make virtual environments; on Debian and Ubuntu: apt-get install python3-venv" >&2; exit 1; }
	@rm -rf $(VENV)
	$(PYTHON) -m venv $(VENV)
	@sed -n '/^uv==/,/[^\\]$$/p' requirements.lock > $(VENV)/uv.lock
	$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes -r $(VENV)/uv.lock
	@if $(BIN)/pip config list | grep -qE '\.(index-url|extra-index-url|no-index|proxy)=' \
	    || ! $(BIN)/uv pip install --quiet --compile-bytecode --system-certs --require-hashes --python $(BIN)/python -r requirements.lock; \
	then \
	    echo 'setup: with pip, about two minutes'; \
	    $(BIN)/pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock; \
	fi
	@touch $@

$(READY): $(PACKAGES) pyproject.toml
	$(BIN)/pip install --quiet --disable-pip-version-check --no-index --no-deps --no-build-isolation --editable .
	@touch $@
