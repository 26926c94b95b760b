# Two commands are enough: `make run` and `make test`. Both make the virtual environment first.

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:

VENV ?= .venv
# The first interpreter of these that starts and is 3.11 to 3.13; `make PYTHON=/path/to/python` overrides it.
PYTHON ?= $(shell .ci/find-python python3 python3.13 python3.12 python3.11)
ARGS ?=
# One more than the two cores that the suite is made for: half of what a test takes is waiting for sockets and disks.
WORKERS ?= 3

BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
# Fine-tuning has an environment of its own: its packages are large, and the usual one stays as it is.
TRAIN := .venv-train
TRAINED := $(VENV)/.train-installed
AUDIT := .venv-audit
CODE := $(wildcard echo states console schedules db tests bench docs/*.py)

.PHONY: help run test test-train lint format bench red-team schema pictures lock audit clean

help: ## Show these targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "make %-10s %s\n", $$1, $$2}' Makefile

run: $(STAMP) ## Start Echo with its console (ARGS="..." are passed on)
	@$(BIN)/echo-bot $(ARGS)

test: $(STAMP) ## Run the whole test suite
	$(BIN)/python -m pytest -n $(WORKERS) --dist worksteal -q $(ARGS)

test-train: ## Run the tests of fine-tuning, with its packages
	@$(MAKE) --no-print-directory VENV=$(TRAIN) $(TRAIN)/.train-installed
	$(TRAIN)/bin/python -m pytest -n 2 --dist loadfile -q $(or $(ARGS),tests/training)

lint: $(STAMP) ## Check style, format and types
	$(BIN)/ruff check $(CODE)
	$(BIN)/ruff format --check $(CODE)
	$(BIN)/mypy --strict $(CODE)

format: $(STAMP) ## Put the code in the one format
	$(BIN)/ruff check --fix $(CODE)
	$(BIN)/ruff format $(CODE)

bench: $(STAMP) ## Run the benchmarks, each printing a ratio
	$(BIN)/python -m bench $(ARGS)

red-team: $(STAMP) ## Attack both engines, and print what leaked
	$(BIN)/python -m tests.redteam $(ARGS)

schema: $(STAMP) ## Write config.schema.json, the example and README's tables from the code
	$(BIN)/python -m echo.config --write
	$(BIN)/python docs/tables.py

pictures: $(STAMP) ## Draw the documentation's pictures from the running program
	PYTHONPATH=. $(BIN)/python docs/pictures.py

# One lock for every supported Python; nothing in it says where the packages come from.
lock: ## Choose the newest allowed versions again and write constraints.txt
	rm -rf .cache/lock && $(PYTHON) -m venv .cache/lock && .cache/lock/bin/pip install -q uv
	.cache/lock/bin/uv pip compile pyproject.toml --extra dev --universal --python-version 3.11 --upgrade \
		--generate-hashes --no-emit-index-url --no-annotate --no-header -q -o constraints.txt

# pip-audit has an environment of its own: what it needs is no part of Echo. Exit code 1 is a finding, 69 no answer.
audit: ## Look the locked packages up among known vulnerabilities (needs the network)
	@test -x $(AUDIT)/bin/pip-audit || { rm -rf $(AUDIT) && "$(PYTHON)" -m venv $(AUDIT) \
		&& $(AUDIT)/bin/pip install -q --disable-pip-version-check 'pip-audit>=2.7,<3'; } || { rm -rf $(AUDIT); \
		echo "pip-audit can't be installed: it comes from where pip gets its packages, which can't be reached now." >&2; \
		exit 69; }
	@.ci/audit $(AUDIT)/bin/pip-audit constraints.txt $(ARGS)

clean: ## Remove everything that make has made
	rm -rf bench/results.json .venv .venv-* .cache .hypothesis .mypy_cache .pytest_cache .ruff_cache build dist ./*.egg-info
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# Versions and hashes come from the lock alone; the project itself is linked, built with the lock's own setuptools.
$(STAMP): pyproject.toml constraints.txt
	@test -n "$(PYTHON)" || { echo "Echo needs Python 3.11, 3.12 or 3.13: install one, or name it with make PYTHON=/path/to/python." >&2; exit 2; }
	@.ci/find-python "$(PYTHON)" >/dev/null || { echo "$(PYTHON) is not a working Python 3.11, 3.12 or 3.13: name another with make PYTHON=/path/to/python." >&2; exit 2; }
	@"$(PYTHON)" -c 'import ensurepip, venv' 2>/dev/null || { echo "$(PYTHON) cannot make virtual environments: on Debian, apt install python3-venv." >&2; exit 2; }
	@test -x $(BIN)/python || "$(PYTHON)" -m venv $(VENV)
	$(BIN)/python -m pip install -q --disable-pip-version-check --require-hashes -r constraints.txt
	$(BIN)/python -m pip install -q --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

# pip takes the build of torch that its own configuration offers.
$(TRAINED): $(STAMP) pyproject.toml constraints-train.txt
	$(BIN)/python -m pip install -q --disable-pip-version-check -c constraints-train.txt --no-build-isolation -e '.[train]'
	@touch $@
