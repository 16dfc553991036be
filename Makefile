# Two commands are enough for a newcomer: `make demo` and `make test`.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
INSTALLED := $(VENV)/.installed

.PHONY: help install demo test quick check bench coverage defaults clean

help:  ## Show this list.
	@grep -E '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*## /\t/'

install: $(INSTALLED)  ## Install into .venv, with pinned versions.

$(INSTALLED): pyproject.toml constraints.txt
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --constraint constraints.txt --editable '.[dev]'
	touch $@

demo: $(INSTALLED)  ## Run the tutorial on real MNIST: isolated, federated, evaluate.
	$(BIN)/fedcompare isolated --force
	$(BIN)/fedcompare federated --rounds 3 --force
	$(BIN)/fedcompare evaluate --subsets

# Each test module in one of two processes, in the order of the folders: the longest come first.
PYTEST := $(BIN)/python -m pytest --numprocesses=2 --dist=loadfile --no-loadscope-reorder

test: $(INSTALLED)  ## Run all tests.
	$(PYTEST)

quick: $(INSTALLED)  ## Run the units only, without Ray, in a few minutes.
	$(PYTEST) tests/unit -m "not simulation and not slow"

check: $(INSTALLED)  ## Run the linter, the formatter's check and the type checker.
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

bench: $(INSTALLED)  ## Print the speed ratios of docs/performance.md, measured now.
	$(BIN)/python benchmarks/bench.py

coverage: $(INSTALLED)  ## Run the study of the intervals' coverage, in short (docs/coverage.md).
	$(BIN)/python benchmarks/coverage.py

defaults: $(INSTALLED)  ## Run the study of the defaults for tables (docs/defaults.md).
	$(BIN)/python benchmarks/defaults.py --tries

clean:  ## Remove .venv and caches; results stay.
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache
