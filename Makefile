# Creates the environment if it is missing, then calls the tools; DVC is the task runner.
# `.venv` is updated when requirements.txt changes, `build/extras` when pyproject.toml does.

# A caller may set these two, as in `make pr-report BASE=other`. They are data: a branch may be
# called `main;id>file`. So make does not expand them, and the shell reads them as variables.
PYTHON ?= python3
BASE ?= main
override PYTHON := $(value PYTHON)
override BASE := $(value BASE)
export PYTHON BASE
# Columns that `dvc exp show` leaves out, so that five experiments fit into 160 columns: hashes of
# code and data, times, and what does not choose between experiments.
override HIDDEN := .*/.*|emotion|stages|params.yaml|Created|epoch|gap|img_s|minutes
override VENV := .venv
override BIN := $(VENV)/bin
override EXTRAS := build/extras
# Tests of what uses pandas or OpenCV.
override WITH_EXTRAS := tests/extras tests/cli tests/data tests/datasets tests/evaluation tests/prediction
export PATH := $(CURDIR)/$(BIN):$(PATH)

.PHONY: help repro experiments verify pr-report test test-fast test-shipped test-extras
.PHONY: coverage lint format docs bench
.DEFAULT_GOAL := repro

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-13s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

repro: $(VENV)/installed ## run the pipeline: dvc repro (the default)
	dvc repro

experiments: $(VENV)/installed ## compare experiments: dvc exp show, without what they share
	@COLUMNS=160 dvc exp show --only-changed --drop '$(HIDDEN)'

verify: $(VENV)/installed ## run the last commit again from nothing and compare its outputs
	$(BIN)/python -m emotion.cli.verify

pr-report: $(VENV)/installed ## write pr_report/: what this branch changes against BASE
	$(BIN)/python -m emotion.cli.pr_report -- "$$BASE"

test: $(VENV)/installed ## run the tests
	pytest --numprocesses auto -m "not (shipped or extras)"

test-fast: $(VENV)/installed ## run the tests that take milliseconds
	pytest --numprocesses auto -m "not (slow or network or shipped or extras)"

test-shipped: $(VENV)/installed ## check that dvc.lock, params and README are those of this code
	pytest -m shipped

test-extras: $(EXTRAS)/installed ## run the fast tests and some more beside other packages
	PYTHONPATH="$(CURDIR)/$(EXTRAS)" pytest --numprocesses auto \
	  -m "extras or not (slow or network or shipped)" $(WITH_EXTRAS)

coverage: $(VENV)/installed ## run the tests and measure their coverage; details in build/coverage/html/
	pytest --numprocesses auto -m "not (shipped or extras)" --hypothesis-profile ci \
	  --cov --cov-report term --cov-report html

lint: $(VENV)/installed ## check format, style, types and spelling
	ruff format --check .
	ruff check .
	mypy
	codespell

format: $(VENV)/installed ## rewrite to the format
	ruff format .
	ruff check --fix .

docs: $(VENV)/installed ## build the site in docs/_build; a broken link is an error
	sphinx-build --nitpicky --fail-on-warning --keep-going --fresh-env --quiet \
	  --conf-dir docs . docs/_build

bench: $(VENV)/installed ## measure; writes to benchmarks/results/
	$(BIN)/python -m benchmarks.bench_prepare_splits
	$(BIN)/python -m benchmarks.bench_augmentation
	$(BIN)/python -m benchmarks.bench_training
	$(BIN)/python -m benchmarks.bench_inference
	$(BIN)/python -m benchmarks.bench_predict
	$(BIN)/python -m benchmarks.bench_service

$(VENV)/installed: requirements.txt
	"$$PYTHON" -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed; run `make PYTHON=python3.11`")'
	"$$PYTHON" -m venv $(VENV)
	$(BIN)/pip install --disable-pip-version-check --requirement requirements.txt
	$(BIN)/pip install --disable-pip-version-check --no-deps --editable .  # the command `emotion`
	touch $@

# Without their dependencies, which are those of .venv: OpenCV 4.12 asks for an older numpy.
$(EXTRAS)/installed: pyproject.toml $(VENV)/installed
	rm -rf $(EXTRAS)
	$(BIN)/pip install --disable-pip-version-check --no-deps --target $(EXTRAS) $$($(BIN)/python -c \
	  'import tomllib; print(*tomllib.load(open("pyproject.toml", "rb"))["project"]["optional-dependencies"]["test-extras"])')
	touch $@
