PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin

.PHONY: run test test-consumers lint dist install install-dev

run: install
	STOCKSYNC_DEMO=auto $(BIN)/python manage.py start

# Tests with processes of their own are about time: they run alone, and choose their databases themselves.
PROCESSES := tests/scheduling/test_processes.py tests/scheduling/test_beat_processes.py tests/scheduling/test_start.py \
    tests/market_data/test_job_processes.py tests/market_data/watchlists/test_watchlist_processes.py
# What knows no database, or brings its own.
WITHOUT_DATABASE := $(addprefix --ignore=tests/market_data/,standin ratelimit providers test_provider_contract.py \
    files/test_layouts.py) $(addprefix --ignore=tests/stocksync/,control_room/test_browser.py web/test_browser.py \
    web/test_schemathesis.py web/test_servers.py copies sqlite test_arrows.py test_architecture.py test_light.py \
    test_production.py test_settings.py)
OTHERS := --numprocesses 2 $(addprefix --ignore=,$(PROCESSES))

test: install-dev
	$(BIN)/python -m pytest $(OTHERS)
	$(BIN)/python -m tests.on_postgresql $(OTHERS) $(WITHOUT_DATABASE)
	$(BIN)/python -m pytest $(PROCESSES)

# The snippets of docs/reading.md with the libraries that people hand the data to: half a gigabyte, in an environment apart.
CONSUMERS := .venv-consumers
test-consumers: install-dev
	test -d $(CONSUMERS) || $(PYTHON) -m venv $(CONSUMERS)
	$(CONSUMERS)/bin/pip install --quiet --requirement requirements-consumers.txt
	$(BIN)/python -m tests.consumers $(CONSUMERS)/bin/python

lint: install-dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/python manage.py makemigrations --check --dry-run

dist: install-dev
	rm -rf build dist
	$(BIN)/python -m build

install: $(VENV)/installed
install-dev: $(VENV)/installed-dev

$(VENV)/installed: requirements.txt
	test -d $(VENV) || $(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --requirement requirements.txt
	touch $@

$(VENV)/installed-dev: $(VENV)/installed requirements-dev.txt
	$(BIN)/pip install --quiet --requirement requirements-dev.txt
	touch $@
