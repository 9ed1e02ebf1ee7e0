# Makes the environment if it is missing, then calls the tools; DVC is the task runner.
# `.venv` is remade when requirements.txt changes.

VENV := .venv
BIN := $(CURDIR)/$(VENV)/bin
PYTHON ?= python3
export PATH := $(BIN):$(PATH)

.PHONY: repro test lint format bench
.DEFAULT_GOAL := repro

repro: $(VENV)/installed ## run the pipeline: dvc repro
	dvc repro

test: $(VENV)/installed ## run the tests
	pytest

lint: $(VENV)/installed ## check format and style
	ruff format --check .
	ruff check .

format: $(VENV)/installed ## rewrite to the format
	ruff format .
	ruff check --fix .

bench: $(VENV)/installed ## measure; the figures go to benchmarks/results/
	$(BIN)/python -m benchmarks.bench_prepare_splits
	$(BIN)/python -m benchmarks.bench_augmentation
	$(BIN)/python -m benchmarks.bench_training

$(VENV)/installed: requirements.txt
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed; run `make PYTHON=python3.11`")'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --disable-pip-version-check --requirement requirements.txt
	touch $@
