# Targets: run, test, check, bench, install, clean. All use .venv, made from the pinned lock.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
TEST_PROCESSES ?= 2

.PHONY: run test check bench install install-dev lock

# --- the product -----------------------------------------------------------------------------------------------------
run: $(VENV)/.installed
	$(BIN)/babelscope run

install: $(VENV)/.installed

$(VENV)/.installed: requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit("Babelscope needs Python 3.11 or newer; this is " + sys.version.split()[0]) if sys.version_info < (3, 11) else None'
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check torch==2.13.0
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c requirements.lock -e '.[web,worker]'
	touch $@

# --- development -----------------------------------------------------------------------------------------------------
install-dev: $(VENV)/.installed-dev

$(VENV)/.installed-dev: $(VENV)/.installed
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c requirements.lock -e '.[web,worker,dev]'
	touch $@

test: $(VENV)/.installed-dev
	$(BIN)/python scripts/find_chromium.py
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest -n $(TEST_PROCESSES) --dist loadfile --no-loadscope-reorder

check: $(VENV)/.installed-dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy app worker demo tests benchmarks scripts
	$(BIN)/lint-imports --no-cache
	$(BIN)/python scripts/vendor_static.py --check

bench: $(VENV)/.installed-dev
	$(BIN)/python -m benchmarks

lock: $(VENV)/.installed-dev
	$(BIN)/python -m pip freeze --exclude-editable --exclude torch > requirements.lock
