# Set-up needs Python >= 3.11 and make; everything else comes into .venv, pinned with hashes.
PYTHON ?= python3
BIN := .venv/bin
ARGS ?=
PACKAGES := packages/schemaroot/pyproject.toml packages/promptliano/pyproject.toml
COMPILE = $(BIN)/uv pip compile --quiet --generate-hashes --no-emit-index-url --universal --python-version 3.11 \
	--no-emit-package schemaroot --no-emit-package promptliano --custom-compile-command "make lock"
# Fails below 100 %; it looks for the packages with the first python on the path.
VERIFYTYPES = PATH="$(CURDIR)/$(BIN):$$PATH" $(BIN)/pyright --ignoreexternal --verifytypes

# Databases of the legacy store, for the tests that read real ones, when they lie beside the project.
ifneq ($(wildcard ../shared/legacy/.),)
export PROMPTLIANO_LEGACY_SAMPLES ?= $(shell cd ../shared/legacy && pwd)
endif
# The lock file decides which Pyright runs; it need not look for a newer one.
export PYRIGHT_PYTHON_IGNORE_WARNINGS = 1

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help run test check bench soak loc lock clean

help: ## list the targets
	@sed -n 's/^\([a-z]*\):.*## \(.*\)/make \1|\2/p' Makefile | awk -F'|' '{ printf "  %-12s %s\n", $$1, $$2 }'

run: .venv/.installed ## import a sample of a legacy database into ./data and look at it
	@$(BIN)/python -m promptliano.quickstart

test: .venv/.installed ## all tests of both packages and the examples of the docs (ARGS="-k name")
	$(BIN)/pytest -n 2 --dist loadfile $(ARGS)

check: .venv/.installed ## linter, formatter, type checkers and the rules of the house
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/python tools/check_house.py
	$(BIN)/mypy
	$(BIN)/pyright
	$(VERIFYTYPES) schemaroot
	$(VERIFYTYPES) promptliano

bench: .venv/.bench-installed ## our speed beside hand-written code and other libraries, saved (a first look: ARGS=--quick)
	@$(BIN)/promptliano bench $(or $(ARGS),--scale 1,10 --save)

soak: .venv/.installed ## the long tests: load, many processes, thousands of repetitions
	$(BIN)/pytest -m soak $(ARGS)

loc: .venv/.installed ## hand-written lines per part, beside their budget
	@$(BIN)/python tools/loc.py

lock: .venv/.installed ## pin the newest versions that the requirements allow
	$(COMPILE) --upgrade --output-file requirements/dev.lock requirements/dev.in $(PACKAGES)
	$(COMPILE) --upgrade --output-file requirements/runtime.lock --constraints requirements/dev.lock $(PACKAGES)
	$(COMPILE) --upgrade --output-file requirements/bootstrap.lock --constraints requirements/dev.lock requirements/bootstrap.in
	$(COMPILE) --upgrade --output-file requirements/bench.lock --constraints requirements/dev.lock requirements/bench.in

clean: ## remove the environment, caches and built files; data/ stays
	rm -rf .venv .mypy_cache .pytest_cache .ruff_cache .hypothesis .coverage dist build
	find packages tools -name __pycache__ -type d -prune -exec rm -rf {} +

$(BIN)/uv:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "Python 3.11 or newer is needed; name one with make PYTHON=/path/to/python" >&2; exit 2; }
	$(PYTHON) -m venv --clear .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/bootstrap.lock

# uv replaces what differs from the lock and leaves the rest.
.venv/.installed: requirements/dev.lock $(PACKAGES) $(BIN)/uv
	$(BIN)/uv pip sync --quiet --compile-bytecode --python $(BIN)/python --require-hashes requirements/dev.lock
	$(BIN)/uv pip install --quiet --python $(BIN)/python --no-deps --no-build-isolation \
		--editable packages/schemaroot --editable packages/promptliano
	@touch $@

.venv/.bench-installed: .venv/.installed requirements/bench.lock
	$(BIN)/uv pip install --quiet --python $(BIN)/python --require-hashes --requirements requirements/bench.lock
	@touch $@
