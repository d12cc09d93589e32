# make demo   environment, front end, a fit, demo.html
# make lab    the tour in JupyterLab
# make test   every check there is
# make bench  how fast, beside the peers
# make docs   the documentation, into site/
# make build  the front end alone

SHELL := /bin/sh
.DELETE_ON_ERROR:
.DEFAULT_GOAL := demo

# An environment that happens to be active, or a user's settings, must not leak into ours.
unexport VIRTUAL_ENV CONDA_PREFIX PYTHONPATH PYTHONHOME PYTHONSTARTUP PYTHONWARNINGS PYTHONSAFEPATH
unexport PIP_TARGET PIP_PREFIX PIP_USER PIP_REQUIRE_VIRTUALENV NODE_OPTIONS NODE_PATH
export PYTHONNOUSERSITE := 1
export PIP_DISABLE_PIP_VERSION_CHECK := 1

VENV := .venv
BIN := $(VENV)/bin
MADE := $(VENV)/made
BUNDLE := $(MADE)/bundle
export PATH := $(CURDIR)/$(BIN):$(PATH)

PIP = $(BIN)/python -m pip install --quiet --constraint constraints.txt
FRONT_END := $(shell find js -name node_modules -prune -o -type f -print 2>/dev/null)

.PHONY: demo lab build test bench docs fmt clean check-python check-js browser-ready

demo: $(MADE)/core $(BUNDLE)
	@$(BIN)/python -m hierwidgets.demo

lab: $(MADE)/lab $(BUNDLE)
	$(BIN)/jupyter lab $(if $(filter 0,$(shell id -u)),--allow-root) notebooks/tour.ipynb

build: $(BUNDLE)

test: check-python check-js browser-ready
	$(BIN)/python -m pytest -n 2 --dist loadfile

check-python: $(MADE)/test
	$(BIN)/ruff format --check
	$(BIN)/ruff check
	$(BIN)/pyright

check-js: $(BUNDLE)
	cd js && npm run --silent check && npm run --silent test

browser-ready: $(MADE)/test $(BUNDLE)
	@tools/ensure-chromium

bench: $(MADE)/test $(BUNDLE)
	@tools/ensure-chromium
	@$(BIN)/python -m tests.benchmarks

docs: $(MADE)/docs
	$(BIN)/sphinx-build --quiet --fail-on-warning --keep-going -b html docs site
	@echo "The documentation: file://$(CURDIR)/site/index.html"

fmt: $(MADE)/test $(MADE)/npm
	$(BIN)/ruff format
	$(BIN)/ruff check --fix
	cd js && npm run --silent format

clean:
	rm -rf hierwidgets/static js/node_modules site dist build demo.html $(VENV) \
	  .pytest_cache .ruff_cache

# The environment, step by step, each remembered by a file.

$(MADE)/venv: | .python-version
	@python=$$(tools/find-python) && echo "Making $(VENV) with $$python" && \
	  { "$$python" -m venv --clear $(VENV) || { echo "'$$python -m venv' failed: on Debian and Ubuntu, install the package python3-venv." >&2; exit 1; }; }
	@mkdir -p $(MADE) && touch $@

$(MADE)/core: $(MADE)/venv pyproject.toml constraints.txt
	@echo "Installing hierwidgets and what it stands on"
	@HIERWIDGETS_SKIP_FRONTEND=1 $(PIP) --editable .
	@touch $@

$(MADE)/lab $(MADE)/test $(MADE)/docs: $(MADE)/core
	@echo "Installing the extra [$(@F)]"
	@HIERWIDGETS_SKIP_FRONTEND=1 $(PIP) --editable '.[$(@F)]'
	@touch $@

$(MADE)/node: $(MADE)/venv
	@tools/ensure-node $(VENV)
	@touch $@

$(MADE)/npm: js/package.json js/package-lock.json $(MADE)/node
	@echo "Installing the front end's packages"
	@cd js && npm ci --no-audit --no-fund --loglevel=error
	@touch $@

$(BUNDLE): $(MADE)/npm $(FRONT_END) hierwidgets/words.json
	@echo "Building the front end"
	@cd js && npm run --silent build
	@touch $@

# What is remembered but gone is made again.
ifeq ($(wildcard js/node_modules/.package-lock.json),)
.PHONY: $(MADE)/npm
endif
ifeq ($(wildcard hierwidgets/static/*),)
.PHONY: $(BUNDLE)
endif
