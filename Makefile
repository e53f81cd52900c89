# Everything sets itself up from a bare Python 3.10 or newer: `make demo`, `make test`.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check
READY := $(VENV)/.ready
NOTEBOOK_READY := $(VENV)/.notebook-ready
NOTEBOOK := build/notebook
TOOLS := .venv-tools
TOOLS_READY := $(TOOLS)/.ready

.PHONY: demo test test-slow notebook lint bench browser golden lint-templates check-pins clean setup

demo: $(READY)
	@$(BIN)/scones demo

test: $(READY)
	$(BIN)/python -m pytest -n 4 --dist loadscope -m "not slow" $(PYTEST_ARGS)

# The stories that take minutes, each with a server and trainings of its own; only what hangs is ended.
test-slow: $(READY) $(NOTEBOOK_READY)
	$(BIN)/python -m pytest -n 4 --dist loadscope -m slow --timeout 1500 $(PYTEST_ARGS)

# Runs the starter notebook on a local AWS of its own, in a folder of its own; its page is build/notebook/starter.html.
notebook: $(NOTEBOOK_READY)
	@$(BIN)/scones down --state $(NOTEBOOK)/.scones >/dev/null 2>&1 || true
	@rm -rf $(NOTEBOOK) && mkdir -p $(NOTEBOOK) && cp seed_code/starter.ipynb $(NOTEBOOK)/
	@echo "Running seed_code/starter.ipynb: about five minutes."
	@trap '$(BIN)/scones down --state $(NOTEBOOK)/.scones >/dev/null 2>&1 || true' EXIT; \
	  env -u AWS_ENDPOINT_URL -u SCONES_LOCAL_ENDPOINT SCONES_STATE=$(CURDIR)/$(NOTEBOOK)/.scones \
	  $(BIN)/python -m nbconvert --log-level ERROR --to html --template-file seed_code/notebook.html.j2 --execute \
	    --KernelManager.transport_encryption=auto $(NOTEBOOK)/starter.ipynb
	@echo "$(NOTEBOOK)/starter.html"

lint: $(READY)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

lint-templates: $(TOOLS_READY)
	find . -path './.*' -prune -o -path ./build -prune -o -name 'template*.y*ml' -print | xargs $(TOOLS)/bin/cfn-lint --include-checks I3510 --

bench: $(READY)
	$(BIN)/python -m benchmarks

# The tests of the console in a real browser are skipped without one.
browser:
	@for name in chromium chromium-browser google-chrome; do \
	  if command -v $$name >/dev/null; then echo "There is $$name."; exit 0; fi; \
	done; \
	if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
	  apt-get update -qq && \
	  DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends chromium fonts-dejavu-core; \
	else echo "There is no Chromium, and no right to install Debian's: install one by hand." >&2; exit 1; fi

golden: $(READY)
	PYTHONPATH=. $(BIN)/python tests/golden/renew.py

check-pins: $(READY)
	$(PIP) check

setup: $(READY)

clean:
	@if [ -x $(BIN)/scones ]; then $(BIN)/scones down >/dev/null 2>&1 || true; fi
	rm -rf $(VENV) $(TOOLS) build .scones *.egg-info .pytest_cache .mypy_cache .ruff_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# Set up once, and again only when a pin changed. `--no-deps`: every version is pinned, there is nothing to resolve.
$(READY): requirements.txt requirements-torch.txt setup.py
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 10))' || \
	  { echo "Python 3.10 or newer is needed; name one with: make PYTHON=/path/to/python3 $(MAKECMDGOALS)" >&2; exit 1; }
	@echo "Setting up $(VENV), once: about two minutes."
	@$(PYTHON) -m venv $(VENV)
	@$(PIP) install -qq --upgrade pip==26.3
	@$(PIP) install -qq --no-deps --no-compile -r requirements.txt
	@$(PIP) install -qq --no-compile -r requirements-torch.txt
	@$(PIP) install -qq --no-deps --no-build-isolation --config-settings editable_mode=compat --editable .
	@touch $@

# What runs notebooks, added to the environment: nothing else needs it.
$(NOTEBOOK_READY): $(READY) requirements-notebook.txt
	@echo "Adding what runs notebooks to $(VENV), once: some seconds."
	@$(PIP) install -qq --no-deps --no-compile -r requirements-notebook.txt
	@touch $@

$(TOOLS_READY): requirements-tools.txt
	@echo "Setting up $(TOOLS), once: half a minute."
	@$(PYTHON) -m venv $(TOOLS)
	@$(TOOLS)/bin/python -m pip --disable-pip-version-check install -qq --no-deps --no-compile -r requirements-tools.txt
	@$(TOOLS)/bin/python -m pip --disable-pip-version-check check
	@touch $@
