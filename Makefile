# make develop  the package in .venv, used where it lies: Python needs no build, C++ what changed
# make run      the main job: cross section, events, both chains, report (cards/ttbar.toml)
# make test     what CI runs; make test-all adds the tests marked slow
# make docs     the site, in build/site
# make check    ruff, mypy --strict, clang-format
# make figures  the quick figures of README and site again, compared with the pages
# make bench    every benchmark, ratios against the peers
PYTHON ?= python3
VENV   ?= .venv
CARD   ?= cards/ttbar.toml
OUT    ?= runs/$(basename $(notdir $(CARD)))
# that share the tests, one thread each
PROCESSES ?= 2
# Processes that share the work; no result depends on their number.
WORKERS ?= $(shell nproc)

BIN     := $(VENV)/bin
CPP     := $(shell find cpp_bindings -name '*.cpp' -o -name '*.h')
# What the compiled parts are made of; a Python line is used where it lies.
NATIVE  := pyproject.toml constraints.txt CMakeLists.txt $(CPP) \
           $(shell find cpp_bindings cmake -name 'CMakeLists.txt' -o -name '*.cmake' -o -name '*.py')

.PHONY: run develop test test-all check docs figures format bench clean

run: $(VENV)/installed
	$(BIN)/mcsurrogate run $(CARD) --out $(OUT) --resume --workers $(WORKERS)

develop: $(VENV)/installed

$(VENV)/installed: export PIP_CONSTRAINT = $(CURDIR)/constraints.txt
$(VENV)/installed: export PATH := $(CURDIR)/$(BIN):$(PATH)
$(VENV)/installed: $(NATIVE)
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python cmake/build_requirements.py | xargs -d '\n' $(BIN)/python -m pip install --quiet
	$(BIN)/python -m pip install --quiet --no-build-isolation --editable ".[dev,docs]"
	touch $@

test: export OMP_NUM_THREADS = 1
test: $(VENV)/installed
	$(BIN)/pytest -m "not slow" -n $(PROCESSES) --dist worksteal

test-all: export OMP_NUM_THREADS = 1
test-all: $(VENV)/installed
	$(BIN)/pytest -n $(PROCESSES) --dist worksteal

check: $(VENV)/installed
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/clang-format --dry-run --Werror $(CPP)
	$(BIN)/mypy -p mcsurrogate

format:
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .
	$(BIN)/clang-format -i $(CPP)

docs: $(VENV)/installed
	$(BIN)/mkdocs build --strict

figures: export OMP_NUM_THREADS = 1
figures: $(VENV)/installed
	$(BIN)/python benchmarks/figures.py

bench: $(VENV)/installed
	for script in benchmarks/*.py; do echo "== $$script"; $(BIN)/python $$script || exit 1; done

clean:
	rm -rf build $(VENV) .mypy_cache .ruff_cache .pytest_cache
