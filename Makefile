# Two commands are enough for a newcomer: `make demo` and `make test`.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
INSTALLED := $(VENV)/.installed

.PHONY: help install demo test quick quick-half quick-rest check bench coverage clean

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

test: $(INSTALLED)  ## Run all tests.
	$(BIN)/python -m pytest

quick: $(INSTALLED)  ## Run the units only, without Ray, in two halves at a time: in two minutes.
	$(MAKE) --jobs=2 --output-sync=target quick-half quick-rest

HALF := $(addprefix tests/unit/,data learning federated)
quick-half:
	$(BIN)/python -m pytest $(HALF) -m "not simulation and not slow"
quick-rest:
	$(BIN)/python -m pytest tests/unit $(addprefix --ignore=,$(HALF)) -m "not simulation and not slow"

check: $(INSTALLED)  ## Run the linter, the formatter's check and the type checker.
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

bench: $(INSTALLED)  ## Print the speed ratios of docs/performance.md, measured now.
	$(BIN)/python benchmarks/bench.py

coverage: $(INSTALLED)  ## Run the study of the intervals' coverage (docs/coverage.md).
	$(BIN)/python benchmarks/coverage.py

clean:  ## Remove .venv and caches; results stay.
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache
