# One name for one task, the same here, in CI and in the README. `make` alone lists them.
.DEFAULT_GOAL := help
SHELL := /bin/sh
.SUFFIXES:

PYTHON ?=
# make test TESTS=tests/unit ARGS="-k ledger"
TESTS ?= tests
# Six at a time, also on two cores: they mostly wait. ARGS="-n 0" runs one after another.
PARALLEL ?= -n 6 --dist loadgroup --no-loadscope-reorder
ARGS ?=

# Where it is set, each new process compiles every library anew: a worker takes twice as long to start.
unexport PYTHONDONTWRITEBYTECODE

BIN := .venv/bin
LEARNER := .venv/.ready-lab
READY := .venv/.ready-test

.PHONY: help lab demo test lint answers notebooks bench soak fuzz lock clean

help: ## this list
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-10s %s\n", $$1, $$2 }' Makefile

lab: $(LEARNER) ## set up what a learner needs, then open JupyterLab on the course
	@$(BIN)/stagedflow open $(ARGS)

demo: $(LEARNER) ## the main job in this terminal, without Jupyter
	@$(BIN)/stagedflow demo $(ARGS)

test: $(READY) ## set up everything, then run every check and every test
	@.ci/browser
	@$(MAKE) --no-print-directory lint
	$(BIN)/python -m pytest $(PARALLEL) $(TESTS) $(ARGS)

lint: $(READY) ## ruff (lint and format) and the type checker
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy

answers: $(READY) ## what each answer to an exercise gets (ARGS=NAME)
	@$(BIN)/python -m tests.answers $(ARGS)

notebooks: $(READY) ## write the notebooks anew, with their outputs
	$(BIN)/python -m tests.notebooks.build $(ARGS)

bench: $(READY) ## measure what the documentation claims
	$(BIN)/python -m tests.benchmarks $(ARGS)

soak: $(READY) ## crash 200 workers under panels, and let 30 panels idle: nothing may grow (ARGS=20: as many)
	$(BIN)/python -m tests.benchmarks.soak $(ARGS)

fuzz: $(READY) ## try 10,000 changed histories and edited workflows (ARGS=2000: as many)
	$(BIN)/python -m tests.fuzz $(ARGS)

# --no-config and no index option: the lock holds names, versions and hashes, and no address.
# constraints.txt is the same without hashes, for conda: pip takes no editable folder beside hashes.
lock: $(BIN)/uv ## resolve pyproject.toml into .ci/requirements.lock (UPGRADE=1: newest versions)
	$(BIN)/uv pip compile --no-config --universal --generate-hashes --python-version 3.11 \
		$(if $(UPGRADE),--upgrade) --custom-compile-command "make lock" --quiet \
		--group dev pyproject.toml --output-file .ci/requirements.lock
	sed -n 's/ \\$$//; /^[a-z0-9]/p' .ci/requirements.lock > .ci/constraints.txt

$(BIN)/uv:
	@PYTHON="$(PYTHON)" .ci/venv lab

clean: ## remove the virtual environment and every cache
	rm -rf .venv .pytest_cache .mypy_cache .ruff_cache build dist
	find stagedflow tests notebooks \( -name __pycache__ -o -name .ipynb_checkpoints \) \
		-type d -prune -exec rm -rf {} + 2>/dev/null || true

$(LEARNER): .ci/requirements.lock pyproject.toml .ci/venv
	@PYTHON="$(PYTHON)" .ci/venv lab

$(READY): .ci/requirements.lock pyproject.toml .ci/venv
	@PYTHON="$(PYTHON)" .ci/venv test
