# One door for work. Targets, in the order a newcomer meets them; `make help` prints them.
SHELL := /bin/bash
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
BUF := npx --yes --loglevel=error --fetch-retries=0 @bufbuild/buf@1.75.0
export PIP_DISABLE_PIP_VERSION_CHECK := 1

.DEFAULT_GOAL := help

help: ## this list
	@grep -hE '^[a-zA-Z%-]+:.*?## ' $(MAKEFILE_LIST) | awk 'BEGIN {FS = ":.*?## "}; {printf "  make %-12s %s\n", $$1, $$2}'

setup: $(VENV)/.runtime ## install what running needs, from pinned and hashed requirements
setup-dev: $(VENV)/.dev ## install what tests and checks need as well
setup-bench: $(VENV)/.bench ## install what benchmarks compare with as well

$(VENV)/.%: requirements/%.txt pyproject.toml
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@echo "Installing Belofte ($*): the first time takes about a minute"
	@# Without --no-deps pip also resolves what each asks for, and an extra of a pinned one (coverage[toml]) would be refused.
	@$(BIN)/pip install -q --no-deps --require-hashes -r requirements/$*.txt
	@$(BIN)/pip install -q --no-deps --no-build-isolation -e .
	@touch $@

demo: setup ## a basket promised and an order sourced, printed for a person
	@$(BIN)/python server.py demo

serve: setup ## the same network, served on port 50051 until Ctrl-C
	@$(BIN)/python server.py serve

test: setup-dev ## every test, sampled where the full count is long, in two processes
	@$(BIN)/python -m tests.compile_kernels
	@$(BIN)/python -m pytest -n 2 --dist loadfile

test-fronts: setup-dev ## acceptance over the front that is not the default on this machine, with nothing else changed
	@$(BIN)/python -m pytest --front aio tests/acceptance

test-node: setup-dev ## both fronts called by @grpc/grpc-js (needs node and npm)
	@cd tests/node && npm ci --ignore-scripts --no-audit --no-fund --silent
	@$(BIN)/python -m tests.node.run

test-long: setup-dev ## every test at its full count
	@$(BIN)/python -m pytest -m "long or not long" --full

nightly: test-long test-bounds ## the full counts (100,000 orders through the checker), then kernels with every index checked

test-bounds: setup-dev ## kernels and optimizer with every array index checked
	@NUMBA_BOUNDSCHECK=1 $(BIN)/python -m pytest tests/kernels tests/optimizer

mutations: setup-dev ## twenty lines made wrong one by one: tests must notice each
	@$(BIN)/python -m tests.mutations

coverage: setup-dev ## what of the kernels the tests reach, with compilation off
	@NUMBA_DISABLE_JIT=1 $(BIN)/python -m pytest -W ignore::RuntimeWarning --cov=engine.kernels --cov-report=term-missing:skip-covered --deselect tests/kernels/test_jit.py tests/kernels

lint: setup-dev ## ruff, mypy --strict, layers, generated contract and pages up to date
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports
	@$(BIN)/python proto/generate.py --check
	@$(BIN)/python proto/describe.py --check
	@$(BIN)/python -m loaders.describe --check
	@if ! $(BUF) --version >/dev/null 2>&1; then echo "buf lint and buf breaking left out: npx is not at hand, or cannot fetch buf"; \
	else $(BUF) lint proto && if git cat-file -e HEAD:proto/buf.yaml 2>/dev/null; \
	then git archive HEAD proto | $(BUF) breaking proto --against '-#format=tar,subdir=proto'; fi; fi

fix: setup-dev ## what ruff can mend by itself
	@$(BIN)/ruff check --fix .
	@$(BIN)/ruff format .

proto: setup-dev ## the generated modules of the contract and docs/api.md, anew
	@$(BIN)/python proto/generate.py
	@$(BIN)/python proto/describe.py

docs: setup-dev ## docs/api.md and docs/network-files.md, anew
	@$(BIN)/python proto/describe.py
	@$(BIN)/python -m loaders.describe

lock: setup-dev ## the pinned requirements, anew (needs uv)
	@requirements/lock.sh

bench: setup-bench ## every benchmark and plot; results land in benchmarks/results/, plots in docs/plots/
	@for file in benchmarks/bench_*.py; do $(BIN)/python $$file || exit 1; done
	@$(BIN)/python -m benchmarks.plots

plots: setup-bench ## the plots of the README, from the results that are there
	@$(BIN)/python -m benchmarks.plots

bench-%: setup-bench ## one benchmark, for example bench-exactness
	@$(BIN)/python benchmarks/bench_$(subst -,_,$*).py

clean: ## everything that can be made again
	@rm -rf $(VENV) .cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis build dist
	@find . -name __pycache__ -prune -exec rm -rf {} +
