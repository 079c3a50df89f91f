# `make run` and `make test` are all a newcomer needs. Each builds what it stands on.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
FEED ?=
PORT ?= 8000

.PHONY: help install install-dev services run test test-real check lock clean

help:
	@echo "make run              watch the sample newsroom; FEED=https://... watches that site"
	@echo "make test             everything: style, types, layers, tests, the wheel"
	@echo "make test-real        against real counterparts (Bluesky PDS from the npm registry)"
	@echo "make lock             renew the hash-pinned locks (needs uv)"

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "distributor needs Python 3.11 or newer; set PYTHON=..."; exit 1; }
	@$(PYTHON) -m venv $(VENV) 2>/dev/null || { rm -rf $(VENV); deploy/apt-install python3-venv && $(PYTHON) -m venv $(VENV); }

$(VENV)/.installed: requirements.lock pyproject.toml | $(BIN)/python
	$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	$(BIN)/pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

$(VENV)/.installed-dev: requirements-dev.lock $(VENV)/.installed
	$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes -r requirements-dev.lock
	@touch $@

install: $(VENV)/.installed

install-dev: $(VENV)/.installed-dev

services:
	@deploy/apt-install redis-server:redis-server postgresql:postgres rabbitmq-server:rabbitmq-server chromium:chromium \
		postfix:postfix opendkim:opendkim opendkim-tools:opendkim-testmsg dovecot-imapd:dovecot spamassassin:spamassassin

run: install
	$(BIN)/distributor run $(if $(FEED),--feed '$(FEED)') --port $(PORT)

check: install-dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-cache

test: check services
	$(BIN)/python -m pytest -n auto
	deploy/check-wheel

test-real: install-dev
	$(BIN)/python -m pytest -m real tests/real

lock:
	uv pip compile -q --universal --generate-hashes --no-header --no-annotate --extra postgres --extra build pyproject.toml -o requirements.lock
	uv pip compile -q --universal --generate-hashes --no-header --no-annotate --extra postgres --extra build --extra dev -c requirements.lock pyproject.toml -o requirements-dev.lock

clean:
	rm -rf $(VENV) build dist
