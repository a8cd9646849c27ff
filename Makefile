PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin

.PHONY: run test lint install install-dev

run: install
	STOCKSYNC_DEMO=auto $(BIN)/python manage.py start

# Tests with processes of their own are about time: they run alone, and choose their databases themselves.
PROCESSES := tests/scheduling/test_processes.py tests/scheduling/test_beat_processes.py tests/scheduling/test_start.py \
    tests/market_data/test_job_processes.py tests/market_data/test_watchlist_processes.py
WITHOUT_DATABASE := $(addprefix --ignore=tests/market_data/,standin ratelimit providers test_provider_contract.py)
OTHERS := --numprocesses 2 $(addprefix --ignore=,$(PROCESSES))

test: install-dev
	$(BIN)/python -m pytest $(OTHERS)
	$(BIN)/python -m tests.on_postgresql $(OTHERS) $(WITHOUT_DATABASE)
	$(BIN)/python -m pytest $(PROCESSES)

lint: install-dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/python manage.py makemigrations --check --dry-run

install: $(VENV)/installed
install-dev: $(VENV)/installed-dev

$(VENV)/installed: requirements.txt
	test -d $(VENV) || $(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --requirement requirements.txt
	touch $@

$(VENV)/installed-dev: $(VENV)/installed requirements-dev.txt
	$(BIN)/pip install --quiet --requirement requirements-dev.txt
	touch $@
