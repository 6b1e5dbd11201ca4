# Every target sets up .venv by itself. Needs Python 3.11+, make and git; uses uv when it is there.
PYTHON ?= python3
BIN := .venv/bin

.PHONY: demo test generate lint bench soak clean check-generated

.venv/.ready: pyproject.toml
	@if command -v uv >/dev/null 2>&1; then \
		uv venv --quiet --allow-existing --python "$$(command -v $(PYTHON))" .venv && uv pip install --quiet --python $(BIN)/python -e '.[dev]'; \
	else \
		$(PYTHON) -m venv .venv && $(BIN)/python -m pip install --quiet --disable-pip-version-check -e '.[dev]'; \
	fi
	@touch $@

