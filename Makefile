.DEFAULT_GOAL := help
.PHONY: help install demo up test check fuzz bench
PYTHON ?= python3
BIN := .venv/bin
# Compiled once rather than at every start: a stack starts four processes of ours, the tests start dozens of stacks.
unexport PYTHONDONTWRITEBYTECODE

help: ## show this list
	@sed -n 's/^\([a-z]*\):.*## /  make \1\t/p' $(MAKEFILE_LIST)

install: .venv/installed ## make .venv with everything, by hashed lock file

.venv/installed: requirements/dev.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed: make PYTHON=…")'
	$(PYTHON) -m venv .venv
	$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes -r requirements/dev.lock
	$(BIN)/pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $@

demo: install ## start everything, walk orders through their lives, print what happened, stop
	$(BIN)/ordersaga demo

up: install ## start everything and keep it running
	$(BIN)/ordersaga up

check: install ## format, lint, types, imports, known vulnerabilities
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python -m deploy.audit_dependencies

test: check ## make check, then every test
	$(BIN)/pytest --numprocesses 3 --dist loadfile --no-loadscope-reorder

fuzz: install ## search longer for requests that the API answers wrongly, by chance
	ORDERSAGA_FUZZ_EXAMPLES=$${ORDERSAGA_FUZZ_EXAMPLES:-300} $(BIN)/pytest --timeout=1200 tests/security/test_fuzz.py

bench: install ## measure what an order costs, each figure beside its floor
	$(BIN)/ordersaga bench
