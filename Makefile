# The commands of this project; `make help` lists them.
.DEFAULT_GOAL := help
.PHONY: help env demo test check bench campaign anydatabase lock clean

VENV := .venv
BIN := $(VENV)/bin
CANDIDATES := python3 python3.13 python3.12 python3.11
PYTHON ?= $(shell for p in $(CANDIDATES); do \
	$$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && { echo $$p; break; }; done)
ARGS ?=

# $(call install,LOCK): an environment with exactly what LOCK names, each file checked against its hash.
define install
	@test -x $(BIN)/pip || $(or $(PYTHON),$(error dsr needs Python 3.11 or newer, and none of $(CANDIDATES) is one. \
		Install it, or say where it is: make PYTHON=/path/to/python3)) -m venv --clear $(VENV)
	@echo "Installing what $(1) names into $(VENV) ..."
	@$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes --requirement $(1)
	@$(BIN)/pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
endef

help: ## list the commands
	@sed -n 's/^\([a-z]*\):.* ## /\1\t/p' $(MAKEFILE_LIST) | expand -t 10

env: $(VENV)/.runtime ## build the environment in .venv

demo: env ## a demo controller with cases in every stage, served on this machine
	$(BIN)/dsr demo $(ARGS)

test: $(VENV)/.dev ## install what the tests need and run them all (ARGS="tests/domain" runs a part)
	tests/install.sh
	$(BIN)/pytest --numprocesses auto $(ARGS)

check: $(VENV)/.dev ## formatting, lint, types, layers and the guards
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/pytest tests/architecture

bench: $(VENV)/.dev ## measure speed, size and memory against a baseline of the same run (ARGS=--quick: no installation, a smaller shop)
	tests/install.sh
	$(BIN)/python -m tests.bench $(ARGS)

campaign: $(VENV)/.dev ## kill the worker a thousand times on each engine while people are erased (ARGS="--kills 50" for fewer)
	tests/install.sh
	$(BIN)/python -m tests.campaign $(ARGS)

anydatabase: $(VENV)/.dev ## erase people in databases drawn by chance, on each engine, and look after ten years (ARGS="--seeds 50" for fewer)
	tests/install.sh
	$(BIN)/python -m tests.anydatabase $(ARGS)

lock: ## renew the pinned requirements (needs uv)
	$(LOCK) --group build --output-file requirements.lock
	$(LOCK) --all-extras --group dev --constraints requirements.lock --output-file requirements-dev.lock

clean: ## remove the environment and every cache
	rm -rf $(VENV) .mypy_cache .pytest_cache .ruff_cache .import_linter_cache .hypothesis build dist

LOCK := uv pip compile pyproject.toml --quiet --upgrade --universal --python-version 3.11 \
	--generate-hashes --no-emit-index-url --no-header --no-annotate

$(VENV)/.runtime: requirements.lock pyproject.toml
	$(call install,requirements.lock)
	@touch $@

$(VENV)/.dev: requirements-dev.lock pyproject.toml
	$(call install,requirements-dev.lock)
	@touch $(VENV)/.runtime $@
