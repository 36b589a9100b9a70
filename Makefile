# Everything that you run while you work on Panelist. CI runs the same targets.
# Use another virtual environment with BIN, and pass options to pytest with ARGS:
#   make check BIN=.venv-ci/bin
#   make test ARGS="-n 1 tests/web -k signature"

BIN = .venv/bin
ARGS =
LOCK = uv pip compile -q pyproject.toml requirements/build.in --upgrade --universal \
	--generate-hashes --no-emit-index-url --no-header --no-annotate

.PHONY: help venv lint types contracts test docs reference pictures strings check deep lock build

help:
	@grep '^## ' Makefile | cut -c 4-

## venv       make .venv with everything you need
venv:
	python3 -m venv .venv
	.venv/bin/pip install -q --require-hashes -r requirements/development.txt
	.venv/bin/pip install -q --no-deps --no-build-isolation -e .

## lint       check style and format
lint:
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

## types      check types
types:
	$(BIN)/mypy

## contracts  check which module may import which
contracts:
	$(BIN)/lint-imports

## test       run the tests
test:
	$(BIN)/pytest $(ARGS)

## docs       build the documentation site into build/site
docs:
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict --quiet --site-dir build/site

## reference  write the pages on commands, keys and settings, and the man page, again
reference:
	$(BIN)/python -m tests.docs.reference

## pictures   draw the pictures of the tests and of the documentation again
pictures:
	$(BIN)/python -m tests.pictures

## strings    print every text that people can read
strings:
	$(BIN)/python -m tests.docs.strings

## check      all of the above that CI checks
check: lint types contracts docs test

## deep       run the random tests for longer than CI does
deep:
	PANELIST_DEEP=25 $(BIN)/pytest -m deep --timeout=36000 $(ARGS)

## lock       lock the newest versions that fit, with their hashes. Needs uv
lock:
	$(LOCK) --extra test --extra docs --python-version 3.11 -o requirements/development.txt
	$(LOCK) --extra postgres -c requirements/development.txt -o requirements/postgres.txt
	$(LOCK) -c requirements/development.txt -o requirements/panelist.txt

## build      build the wheel into dist
build:
	$(BIN)/pip wheel -q --no-deps --wheel-dir dist .
