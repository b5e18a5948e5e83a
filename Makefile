# Everything a developer or an operator types. Each target makes `.venv` itself when it is missing.
PYTHON ?= python3
BIN := .venv/bin
CODE := flows tasks expectations allocation kpi_rules incentives reports adapters domain

export DO_NOT_TRACK := 1
export PREFECT_SERVER_ANALYTICS_ENABLED := false
export GX_ANALYTICS_ENABLED := false
# Where this is set, every command and every test's process compiles all of the source anew.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: help install run serve test quick check format lock schemas bench bench-gates bench-allocation test-crash test-history mutants audit clean

help:  ## This list
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 16

install: .venv/installed  ## Install what requirements.lock names, by hash

.venv/installed: requirements.lock pyproject.toml
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv
	@awk '/^[a-zA-Z]/ {on = /^uv==/} on' requirements.lock > .venv/uv.txt
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes --no-deps -r .venv/uv.txt
	@$(BIN)/uv pip install --quiet --compile-bytecode --python $(BIN)/python --require-hashes --requirement requirements.lock
	@$(BIN)/uv pip install --quiet --python $(BIN)/python --no-deps --no-build-isolation --editable .
	@touch $@

run: install  ## Build a demo book, run its nights and a month-end, and say where the reports lie
	@RECOUP_THREADS=$${RECOUP_THREADS:-1} $(BIN)/recoup demo-run

serve: install  ## Start a Prefect server on 127.0.0.1:4200 and serve the deployments
	@$(BIN)/recoup serve

test: install  ## All tests
	@$(BIN)/pytest -n 2

quick: install  ## The tests that take no more than a few seconds each
	@$(BIN)/pytest -n 2 -m "not slow and not browser and not prefect"

check: install  ## What CI runs: format, lint, types, import contracts, schema drift, and the tests
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports --no-cache
	@$(BIN)/recoup schemas --check
	@$(MAKE) --no-print-directory test

format: install  ## Format, and mend what ruff can mend
	@$(BIN)/ruff format .
	@$(BIN)/ruff check --fix .

schemas: install  ## Write the JSON schemas of rule files, and the data dictionary
	@$(BIN)/recoup schemas

lock: install  ## Resolve pyproject.toml anew into requirements.lock
	@$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --extra dev \
		--no-emit-index-url --no-emit-find-links --no-header --no-annotate \
		--output-file requirements.lock pyproject.toml

bench: install  ## Full nights beside hand-written DuckDB queries; payout lines beside zen-engine; a simulation
	@$(BIN)/python -m bench.night
	@$(BIN)/python -m bench.payouts
	@$(BIN)/python -m bench.simulation

bench-gates: install  ## What the gate makes of clean nights, and of every kind of corruption at several rates
	@$(BIN)/python -m bench.gates

bench-allocation: install  ## Large allocations by the night's solver, beside HiGHS where it finishes
	@$(BIN)/python -m bench.allocation

test-crash: install  ## Kill every flow at every named point and N=500 random moments, on each of two databases
	@$(BIN)/python -W ignore -m tests.crashes --moments $(or $(N),500) --log docs/crash-matrix.csv --page docs/crash-matrix.md
	@$(BIN)/python -W ignore -m tests.crashes.stack --log docs/crash-matrix.csv
	@$(BIN)/python -W ignore -m tests.crashes --no-points --moments 0 --log docs/crash-matrix.csv --page docs/crash-matrix.md
	@RECOUP_KILLED_ON=sqlite,postgresql $(BIN)/pytest -n 0 -k killed_at_every_point tests/stages/test_month_end.py

test-history: install  ## Random histories of late data, reversals and changed rules, beside full knowledge (N=100)
	@$(BIN)/python -W ignore -m tests.history --stories $(or $(N),100) --store sqlite --jobs 2
	@$(BIN)/python -W ignore -m tests.history --stories 10 --store postgresql

mutants: install  ## Mutants of the arithmetic of pay, and those that the tests let live
	@$(BIN)/mutmut run --max-children 2
	@$(BIN)/mutmut results

audit: install  ## Ask for known weaknesses of every package of requirements.lock (needs the network)
	@$(BIN)/uv tool run pip-audit==2.10.1 --require-hashes --disable-pip --strict -r requirements.lock

clean:  ## Remove the environment and caches, but no data
	rm -rf .venv .pytest_cache .mypy_cache .ruff_cache .hypothesis
