# Two commands matter: `make demo` shows it, `make test` proves it. Both need only python3 (3.11 or newer) and make.
# On Windows, or without make: README.md has the same in plain pip commands.

PYTHON ?= python3
VENV ?= .venv
PY := $(VENV)/bin/python
PIP_INSTALL := $(PY) -m pip install --quiet --disable-pip-version-check
PYTEST_ARGS ?=

.PHONY: demo test test-python test-extension lint run samples pictures figures help clean

pictures: $(VENV)/.demo
	$(PY) -m tests.demo --headless --scheme light --screenshot docs/images/demo-light.webp
	$(PY) -m tests.demo --headless --scheme dark --screenshot docs/images/demo-dark.webp

figures: $(VENV)/.dev
	$(PY) -m naturaltrace_model.export.readme

help:
	@echo "make demo     a page with photographs and generated pictures, checked by the extension in a real browser"
	@echo "make test     all tests, Python and JavaScript"
	@echo "make lint     ruff, pyright, biome, tsc"
	@echo "make run      the companion, in this terminal"
	@echo "make samples  the demo's pictures, made again (trains the sample generator; about 25 minutes on one free core)"
	@echo "make pictures the README's pictures, light and dark"
	@echo "make figures  the README's figures, from the released card"
	@echo "make clean    removes $(VENV), node_modules and the demo's data"

demo: $(VENV)/.demo
	@$(PY) -m tests.demo $(DEMO_ARGS)

test: test-python test-extension

test-python: $(VENV)/.dev
	$(PY) -m pytest $(PYTEST_ARGS)

# The extension's unit tests need Node.js and no packages. Without Node.js a person's run skips them; CI's run fails.
test-extension:
	@if command -v node >/dev/null 2>&1; then \
		node --test tests/extension/*.test.js; \
	elif [ -n "$$NATURALTRACE_CI" ]; then \
		echo "Node.js is missing: the extension's unit tests cannot run" >&2; exit 1; \
	else \
		echo "Node.js is missing: skipping the extension's unit tests"; \
	fi

# pyright looks into the training code too, so it needs torch.
lint: $(VENV)/.train node_modules/.installed
	$(VENV)/bin/ruff check .
	$(VENV)/bin/ruff format --check .
	$(VENV)/bin/pyright --pythonpath $(PY)
	npm run --silent lint

run: $(VENV)/.demo
	$(VENV)/bin/naturaltrace serve

samples: $(VENV)/.train
	$(PY) -m naturaltrace_model.samples tests/demo/page/images

clean:
	rm -rf $(VENV) node_modules .demo

# --- set-up -----------------------------------------------------------------------------------------------------------

$(PY):
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || { \
		echo "Natural Trace needs Python 3.11 or newer; '$(PYTHON)' is $$($(PYTHON) --version 2>&1 || echo missing)." >&2; \
		echo "Name another one with: make PYTHON=python3.12 ..." >&2; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || { \
		echo "This Python cannot make virtual environments. On Debian and Ubuntu: sudo apt install python3-venv" >&2; exit 1; }
	@echo "Setting up $(VENV) ..."
	@$(PYTHON) -m venv $(VENV)

# The demo needs the companion and what drives a browser; the tests need the rest as well.
$(VENV)/.demo: pyproject.toml | $(PY)
	@echo "Installing the companion ..."
	@$(PIP_INSTALL) -e ".[demo]"
	@touch $@

$(VENV)/.dev: pyproject.toml | $(PY)
	@echo "Installing the companion and its development tools ..."
	@$(PIP_INSTALL) -e ".[dev]"
	@touch $@ $(VENV)/.demo

$(VENV)/.train: pyproject.toml | $(PY)
	@echo "Installing the companion, its development tools and torch ..."
	@$(PIP_INSTALL) -e ".[dev,train]"
	@touch $@ $(VENV)/.dev $(VENV)/.demo

node_modules/.installed: package.json package-lock.json
	npm install --no-save --no-audit --no-fund --loglevel=error
	@touch $@
