# make run      the main job: cross section, events, both chains, report (cards/ttbar.toml)
# make test     what CI runs; make test-all adds the tests marked slow
# make check    ruff, mypy --strict, clang-format
# make bench    every benchmark, ratios against the peers
PYTHON ?= python3
VENV   ?= .venv
CARD   ?= cards/ttbar.toml
OUT    ?= runs/$(basename $(notdir $(CARD)))

BIN     := $(VENV)/bin
SOURCES := pyproject.toml constraints.txt CMakeLists.txt \
           $(shell find mcsurrogate generators validation cpp_bindings cmake -type f \
             -not -name '*.pyc' 2>/dev/null)
CPP     := $(shell find cpp_bindings -name '*.cpp' -o -name '*.h' 2>/dev/null)

.PHONY: run install test test-all check format bench clean

run: $(VENV)/installed
	$(BIN)/mcsurrogate run $(CARD) --out $(OUT) --resume

install: $(VENV)/installed

$(VENV)/installed: $(SOURCES)
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	PIP_CONSTRAINT=$(CURDIR)/constraints.txt $(BIN)/python -m pip install --quiet ".[dev]"
	touch $@

test: $(VENV)/installed
	$(BIN)/pytest -m "not slow"

test-all: $(VENV)/installed
	$(BIN)/pytest

check: $(VENV)/installed
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/clang-format --dry-run --Werror $(CPP)
	# From another folder, so that the installed package with all its rooms is what is checked.
	cd $(VENV) && $(CURDIR)/$(BIN)/mypy --config-file $(CURDIR)/pyproject.toml -p mcsurrogate

format:
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .
	$(BIN)/clang-format -i $(CPP)

bench: $(VENV)/installed
	for script in benchmarks/*.py; do echo "== $$script"; $(BIN)/python $$script || exit 1; done

clean:
	rm -rf build $(VENV) .mypy_cache .ruff_cache .pytest_cache
