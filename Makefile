# Everything begins with `make help`. The work itself is in bin/ and tests/.

PORT ?= 8000
PYTHON ?= python3
PY := .venv/bin/python

# Compile our modules once, not at every start, whatever the machine's own setting.
unexport PYTHONDONTWRITEBYTECODE
export PORT DEEP

.PHONY: help run test bench lighthouse assets format lock clean run-environment test-environment

help: ## Show this list
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "  make %-11s %s\n", $$1, $$2}' Makefile

run: run-environment ## Prepare everything and start the clinic (PORT=8000); Ctrl-C stops it
	@$(PY) bin/run.py

test: test-environment ## Every check and test (ARGS="tests/faults -k redis" narrows, DEEP=1 digs)
	@$(PY) bin/build_assets.py
	@$(PY) -m tests $(ARGS)

bench: test-environment ## Measure: a table, and var/bench.json
	@$(PY) -m tests.benchmarks $(ARGS)

lighthouse: test-environment ## Lighthouse on home, treatment and times: mobile, median of 5
	@$(PY) -m tests.lighthouse $(ARGS)

assets: run-environment ## Build the styles and the icon sprite into var/assets
	@$(PY) bin/build_assets.py

format: test-environment ## Format the Python code and mend what ruff can mend
	@$(PY) -m ruff format .
	@$(PY) -m ruff check --fix .

lock: test-environment ## Compile requirements/*.in into hash-locked *.txt (ARGS=--upgrade for newer)
	@cd requirements && for set in uv run test; do \
	  ../$(PY) -m uv pip compile --quiet --python-version 3.11 --universal --generate-hashes \
	    --no-emit-index-url --no-header --no-annotate $(ARGS) $$set.in -o $$set.txt || exit; done

clean: ## Remove the environment and everything generated, the demo clinic's data included
	rm -rf .venv node_modules var .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

run-environment test-environment: %-environment:
	@command -v $(PYTHON) >/dev/null || { echo "Lumen needs Python 3.11 or newer, and there is no $(PYTHON) here: install it, or name yours with PYTHON=..."; exit 1; }
	@$(PYTHON) bin/environment.py $*
