# Every target sets up what it needs and says what it does. Python 3.11+ and Node.js 20+ must be there.
SHELL := /bin/sh
PYTHON ?= python3
VENV := .venv
PY := $(VENV)/bin/python
BIN := $(VENV)/bin
ARGS ?=
MAKEFLAGS += --no-print-directory
# Scripts of the environment (ruff, cdk's app) are found first.
export PATH := $(CURDIR)/$(BIN):$(PATH)
export JSII_SILENCE_WARNING_UNTESTED_NODE_VERSION := 1
export JSII_SILENCE_WARNING_END_OF_LIFE_NODE_VERSION := 20,21,22,23,24,25,26

.PHONY: help demo test soak lint bench format setup requirements clean

help: ## what there is to call
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "make %-14s %s\n", $$1, $$2}'

demo: setup ## the main job on a local cloud (ARGS=--keep leaves it running)
	@$(PY) -m local.demo $(ARGS)

# tests/conftest.py says what `loadgroup` hands out together. What takes long comes first in the order of names.
test: setup ## every test, a process a core (ARGS goes to pytest)
	@echo "== tests"
	@$(PY) -m pytest --numprocesses=auto --dist=loadgroup --no-loadscope-reorder $(ARGS)

soak: setup ## many more orders, faults and races than `make test` tries (ARGS goes to tests.soak)
	@echo "== soak"
	@$(PY) -m tests.soak $(ARGS)

lint: setup ## formatting, ruff, mypy (strict)
	@echo "== ruff"
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .
	@echo "== mypy"
	@$(BIN)/mypy

bench: setup ## speed and memory, as ratios measured in one run (PEERS=1 installs and measures other engines)
	@$(PY) -m tests.bench $(if $(PEERS),--peers) $(ARGS)

format: setup ## rewrite the code as lint wants it
	@$(BIN)/ruff check --fix .
	@$(BIN)/ruff format .

setup: $(VENV)/.installed node_modules/.installed ## the virtual environment and the CDK command line

$(VENV)/.installed: requirements.txt pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || { \
	  echo "Trailwarden needs Python 3.11 or newer; '$(PYTHON)' is $$($(PYTHON) --version 2>&1 || echo missing)." >&2; \
	  echo "Install one and say which: make PYTHON=python3.13 ..." >&2; exit 1; }
	@echo "== installing Python packages into $(VENV) (a minute or two, once)"
	@$(PYTHON) -m venv $(VENV)
	@$(PY) -m pip install --quiet --disable-pip-version-check --require-hashes --requirement requirements.txt
	@$(PY) -m pip install --quiet --disable-pip-version-check --no-deps --editable .
	@touch $@

node_modules/.installed: package.json package-lock.json
	@node -e 'process.exit(parseInt(process.versions.node) < 20 ? 1 : 0)' 2>/dev/null || { \
	  echo "Trailwarden needs Node.js 20 or newer for the CDK; node is $$(node --version 2>/dev/null || echo missing)." >&2; exit 1; }
	@echo "== installing the CDK command line into node_modules"
	@npm ci --silent --no-audit --no-fund
	@touch $@

requirements: setup ## pin requirements.txt anew, by version and hash, from pyproject.toml
	@$(PY) -m pip install --quiet --disable-pip-version-check pip-tools
	@$(BIN)/pip-compile --quiet --upgrade --generate-hashes --allow-unsafe --all-extras --strip-extras --no-header \
	  --annotation-style line --no-emit-index-url --no-emit-find-links --no-emit-trusted-host --output-file requirements.txt pyproject.toml

clean: ## remove what was made here
	rm -rf $(VENV) node_modules cdk.out build .mypy_cache .ruff_cache .pytest_cache .hypothesis
