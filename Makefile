# What a person types; CI types the same. `make` alone says what there is.
SHELL := /bin/bash
.DEFAULT_GOAL := help
PYTHON ?= $(shell command -v python3.11 || command -v python3)
PY := .venv/bin/python
export PIP_DISABLE_PIP_VERSION_CHECK := 1
export PIP_NO_INPUT := 1
# A site's processes begin in half the time when what was compiled is kept.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: help up setup setup-dev test check format bench fuzz demo lock clean-state screenshots words

help: ## this list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 16

up: setup ## set up what is missing and start everything (PORT=8000, DEMO=0 for an empty catalogue)
	@exec $(PY) -m netflixlite.up

setup: .venv/.runtime static/vendor/.done words ## the environment and the browser's parts, without starting

setup-dev: .venv/.dev static/vendor/.done node_modules/.dev words

# What catalogues of words are compiled to; it does nothing where all is as new as they are.
words: .venv/.runtime
	@$(PY) -m netflixlite.translations

.venv/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(0 if sys.version_info[:2] == (3, 11) else "netflixlite needs Python 3.11; this is " + sys.version.split()[0] + ". Install it, or name it: make PYTHON=/path/to/python3.11 …")'
	@echo "making the Python environment in .venv"
	@$(PYTHON) -m venv .venv || { rm -rf .venv; echo "Python's venv module is incomplete: on Debian and Ubuntu, apt install python3.11-venv (or python3-venv)."; exit 1; }

.venv/.runtime: requirements.lock | .venv/bin/python
	@echo "installing the locked Python packages (about 200 MB the first time)"
	@$(PY) -m pip install -qq --require-hashes --only-binary :all: -r requirements.lock
	@touch $@

.venv/.dev: requirements-dev.lock | .venv/bin/python
	@echo "installing the locked Python packages for development"
	@$(PY) -m pip install -qq --require-hashes --only-binary :all: -r requirements-dev.lock
	@touch $@ .venv/.runtime

node_modules/.package-lock.json: package.json package-lock.json
	@command -v npm >/dev/null || { echo "npm is missing: install Node 20, which brings it."; exit 1; }
	@echo "fetching the player's JavaScript and the typefaces"
	@npm ci --omit=dev --loglevel=error && touch $@

node_modules/.dev: node_modules/.package-lock.json
	@echo "fetching the players that packages are tested with"
	@npm ci --loglevel=error && touch node_modules/.package-lock.json $@

static/vendor/.done: node_modules/.package-lock.json Makefile
	@mkdir -p static/vendor/fonts
	@cp node_modules/hls.js/dist/hls.min.mjs static/vendor/hls.min.mjs
	@sed -i '/^\/\/# sourceMappingURL=/d' static/vendor/hls.min.mjs
	@cp node_modules/tus-js-client/dist/tus.min.js static/vendor/tus.min.js
	@sed -i '/^\/\/# sourceMappingURL=/d' static/vendor/tus.min.js
	@cp node_modules/@fontsource-variable/inter/files/inter-latin-wght-normal.woff2 static/vendor/fonts/inter.woff2
	@cp node_modules/@fontsource-variable/noto-sans-arabic/files/noto-sans-arabic-arabic-wght-normal.woff2 static/vendor/fonts/noto-sans-arabic.woff2
	@cp node_modules/@fontsource-variable/noto-sans-devanagari/files/noto-sans-devanagari-devanagari-wght-normal.woff2 static/vendor/fonts/noto-sans-devanagari.woff2
	@cp node_modules/@fontsource/bebas-neue/files/bebas-neue-latin-400-normal.woff2 static/vendor/fonts/bebas-neue.woff2
	@touch $@

check: setup-dev ## lint, types, contracts, unit tests (under 3 minutes)
	@.ci/check

test: setup-dev ## everything that can run here, browser tests included
	@.ci/test

format: setup-dev ## put the code in the house's shape
	@.venv/bin/ruff check --fix-only --quiet . ; .venv/bin/ruff format --quiet .

bench: setup-dev ## one benchmark: make bench NAME=edge [ARGS='--quick --json']
	@test -f "bench/$(NAME).py" || { echo "Which one? make bench NAME=… of: $$(ls bench/*.py | xargs -n1 basename | sed 's/\.py//' | grep -v '^_' | tr '\n' ' ')"; exit 2; }
	@$(PY) bench/$(NAME).py $(ARGS)

fuzz: setup-dev .venv/.fuzz ## a million hostile inputs for a node: make fuzz [ARGS='--runs 100000 --target http']
	@$(PY) -m fuzz.run $(ARGS)

# Where there is no wheel of it (it is for Linux), an engine of our own does its work, more slowly.
.venv/.fuzz: requirements-fuzz.lock | .venv/bin/python
	@$(PY) -m pip install -qq --require-hashes --only-binary :all: -r $< || echo "atheris is not to be had here: going on without"
	@touch $@

screenshots: setup-dev ## the README's pictures, of a running site: make screenshots NAME=… PASSWORD=… [URL=…]
	@$(PY) docs/screenshots/make.py "$(or $(URL),http://127.0.0.1:8000)" "$(NAME)" "$(PASSWORD)"

lock: setup-dev ## resolve the dependencies anew (needs uv on the PATH)
	@uv pip compile -q --python-version 3.11 --generate-hashes --no-header --no-annotate pyproject.toml -o requirements.lock
	@uv pip compile -q --python-version 3.11 --generate-hashes --no-header --no-annotate --extra dev pyproject.toml -o requirements-dev.lock
	@echo atheris | uv pip compile -q --python-version 3.11 --generate-hashes --no-header --no-annotate - -o requirements-fuzz.lock

clean-state: ## forget everything this installation holds (asks first)
	@read -p "Delete $${NETFLIXLITE_HOME:-var} with its catalogue, accounts and media? [y/N] " a && [ "$$a" = y ] && rm -rf "$${NETFLIXLITE_HOME:-var}"
