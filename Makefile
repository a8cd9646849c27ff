PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin

.PHONY: run test test-faults test-any-time test-consumers lint docs dist install install-dev

run: install
	STOCKSYNC_DEMO=auto $(BIN)/python manage.py start

# More than there are cores: some of them wait for a server or a browser.
TOGETHER := -m "not alone" --numprocesses 4 --dist worksteal
# What knows no database makes no difference there; nor do pages to a browser.
ON_POSTGRESQL := --with-database $(addprefix --ignore=tests/stocksync/,control_room/test_browser.py web/test_browser.py sqlite)

test: install-dev
	$(BIN)/python -m pytest $(TOGETHER)
	$(BIN)/python -m tests.on_postgresql $(TOGETHER) $(ON_POSTGRESQL)
	$(BIN)/python -m pytest -m alone

# A quarter of an hour of faults with three brokers and two databases: the table of docs/reliability.md.
test-faults: install-dev
	$(BIN)/python -m tests.faults

# Once per release: whole suites at ten moments, some of them of years to come.
test-any-time: install-dev
	$(BIN)/python -m tests.at_any_time --whole

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

# The documentation as a site, in build/docs.
docs: install-dev
	$(BIN)/python -m tests.reference
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict --quiet

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
