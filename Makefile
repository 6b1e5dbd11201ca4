# Every target sets up .venv by itself. Needs Python 3.11 or newer, make and git; uses uv when it is there.
PYTHON ?= python3
BIN := .venv/bin
# Some tests wait for servers that fail on purpose: one more than there are cores.
WORKERS := $(shell $(PYTHON) -c 'import os; print((os.cpu_count() or 1) + 1)')
# Tests start hundreds of commands, which would compile the package each time.
unexport PYTHONDONTWRITEBYTECODE
# uv trusts whom the system trusts, as pip does: there may be a gateway. (The newer and the older name of the option.)
export UV_SYSTEM_CERTS := 1
export UV_NATIVE_TLS := 1
GENERATED := src/aiotwenty/core src/aiotwenty/metadata queries
# `make test COVERAGE=1`, as CI does it, counts the lines that are run, in subprocesses too, and fails when too few are.
PYTEST := $(if $(COVERAGE),coverage run -m pytest,pytest)

comma := ,

# In CI, what fails beside others is run once more, alone: the log shows both, and what fails twice fails. Such a test has a fault of its own, to be mended.
tests = $(1)$(if $(CI), || $(1) -n 0 --last-failed --last-failed-no-failures none)

.PHONY: help demo test lint types generate check-generated test-gql test-lowest test-integrations docs playground recorded bench drill soak clean

help: ## What there is to make.
	@sed -n 's/^\([a-z-]*\):.*## /\1\t/p' Makefile | expand -t 20

# An environment in the folder $(1) with $(2). uv takes a fourth of pip's time: where it isn't on the machine, it is installed there, too.
install = if command -v uv >/dev/null 2>&1; then \
		uv venv --quiet --allow-existing --python "$$(command -v $(PYTHON))" $(1) && uv pip install --quiet --python $(1)/bin/python $(2); \
	else \
		$(PYTHON) -m venv $(1) && $(1)/bin/python -m pip install --quiet --disable-pip-version-check uv \
		&& $(1)/bin/uv pip install --quiet --python $(1)/bin/python $(2) || $(1)/bin/python -m pip install --quiet --disable-pip-version-check $(2); \
	fi

.venv/.ready: pyproject.toml
	@$(call install,.venv,-e '.[dev]')
	@touch $@

.venv/.demo: pyproject.toml
	@$(call install,.venv,-e '.[demo]')
	@touch $@

# Whoever works on the project has all that the demo needs.
demo: $(if $(wildcard .venv/.ready),.venv/.ready,.venv/.demo) ## The main job, start to finish, on the embedded sandbox.
	@$(BIN)/python -m examples.demo

test: lint check-generated ## Style, generated code and all tests that need no service; `make types` is beside it.
	$(call tests,$(BIN)/$(PYTEST) -n $(WORKERS) --dist worksteal --ignore tests/typing --deselect tests/unit/test_rate_limit.py)
	$(if $(COVERAGE),@$(BIN)/coverage combine --quiet && $(BIN)/coverage report --skip-covered)
	$(call tests,$(BIN)/pytest -q tests/unit/test_rate_limit.py) # measures a pace: alone

lint: .venv/.ready ## Style, and the directions of imports.
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/lint-imports --no-cache

types: .venv/.ready ## mypy and pyright, both at once: on this project, then on programs that use it and on generated packages.
	@echo "$(BIN)/pyright --warnings & $(BIN)/mypy"; $(BIN)/pyright --warnings & pyright=$$!; $(BIN)/mypy; mypy=$$?; \
		wait $$pyright && exit $$mypy
	$(call tests,$(BIN)/pytest -q -n 2 tests/typing)

generate: .venv/.ready ## Write queries/ and the typed clients again from schema/.
	$(BIN)/aiotwenty generate --config codegen.toml

check-generated: .venv/.ready ## Generating again must not change a byte.
	@rm -rf .venv/generated && mkdir -p .venv/generated && tar cf - $(GENERATED) | tar xf - -C .venv/generated
	@$(BIN)/aiotwenty generate --config codegen.toml
	@for path in $(GENERATED); do \
		diff -r --exclude=__pycache__ ".venv/generated/$$path" "$$path" || { echo "$$path changed when it was generated again: commit what make generate writes"; exit 1; }; \
	done

# Unit and contract tests and the recorded exchanges: what doesn't need ariadne-codegen, as far as the time allows.
test-gql: ## The run-time code with the newest gql and graphql-core, which the code generator cannot use yet.
	@$(call install,.venv/newest,-e '.[files$(comma)otel$(comma)pandas$(comma)polars]' 'gql[aiohttp]>=4.1$(comma)<5' opentelemetry-sdk pytest pytest-asyncio pytest-xdist hypothesis)
	$(call tests,.venv/newest/bin/python -m pytest -q -n $(WORKERS) tests/unit tests/contract tests/sandbox/test_replay.py --deselect tests/unit/test_walks.py --deselect tests/unit/test_rate_limit.py --deselect tests/unit/test_fairness.py)

test-lowest: ## The same with the oldest releases that are allowed, extras included.
	@$(call install,.venv/lowest,uv)
	@.venv/lowest/bin/uv pip install --quiet --python .venv/lowest/bin/python --resolution lowest-direct -e '.[tools,otel,files,redis,pandas,polars]' 'opentelemetry-sdk>=1.31'
	@.venv/lowest/bin/uv pip install --quiet --python .venv/lowest/bin/python pytest pytest-asyncio pytest-xdist hypothesis openpyxl trio SQLAlchemy
	$(call tests,.venv/lowest/bin/python -m pytest -q -n $(WORKERS) -W "ignore:'click:DeprecationWarning" tests/unit tests/bulk/test_frames.py tests/bulk/test_frame_rows.py --deselect tests/unit/test_walks.py --deselect tests/unit/test_rate_limit.py --deselect tests/unit/test_fairness.py)

test-integrations: .venv/.ready ## With what others wrote: clients, servers, stores. Needs npm and redis-server.
	@$(call install,.venv/integrations,-e . -r tests/integrations/requirements.txt)
	@if command -v npm >/dev/null 2>&1; then \
		cd tests/integrations && npm ci --silent --ignore-scripts --no-audit --no-fund; \
	fi
	$(call tests,$(BIN)/pytest -q -m "integrations and not soak" -n $(WORKERS) --dist loadfile tests/integrations tests/examples/test_web_apps.py --ignore tests/integrations/test_redis_limit.py)
	$(call tests,$(BIN)/pytest -q -m "integrations and not soak" tests/integrations/test_redis_limit.py) # measures a pace: alone

docs: ## The site, written to .venv/site; fails for links and names that lead nowhere. Needs npm.
	@$(call install,.venv/docs,-e . 'mkdocs>=1.6$(comma)<2' 'mkdocs-material>=9.6' 'mkdocstrings[python]>=0.27' ruff)
	@cd .venv/docs && npm pack --silent mermaid@11.12.0 >/dev/null && tar xzf mermaid-11.12.0.tgz package/dist/mermaid.min.js
	NO_MKDOCS_2_WARNING=1 .venv/docs/bin/mkdocs build --strict --quiet

playground: ## Build the page of `aiotwenty playground` from its sources. Needs npm.
	cd src/aiotwenty/playground/ui && npm ci --silent --ignore-scripts --no-audit --no-fund && npm run --silent build

recorded: ## Copy the newest recordings of genuine servers, which lie beside the checkout, into tests/recorded.
	rm -rf tests/recorded && mkdir -p tests/recorded/cases && tar cf - -C ../shared/twenty . | tar xf - -C tests/recorded
	tar cf - -C ../shared/cases . | tar xf - -C tests/recorded/cases

drill: $(if $(wildcard .venv/.ready),.venv/.ready,.venv/.demo) ## Back up a workspace, restore it into an empty one, prove it. DRILL="--live --yes" is between two of yours.
	@$(BIN)/python -m examples.backup_drill $(DRILL)

bench: .venv/.ready ## Side-by-side ratios, written to benchmarks/RESULTS.md.
	@$(BIN)/python -m benchmarks

soak: .venv/.ready ## The long runs: many seeds, 750,000 rows, a service under fire for an hour, a drill of the backup.
	$(MAKE) drill
	$(BIN)/pytest -m soak
	$(BIN)/pytest -m hypothesis --hypothesis-profile soak

clean: ## Take away what the other targets made.
	rm -rf .venv .demo .mypy_cache .pytest_cache .ruff_cache .coverage* tests/integrations/node_modules
