# Two commands do all the set-up: `make conformance` and `make test`.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
EFFORT ?= standard
READY := $(VENV)/.ready

# The tests start hundreds of processes: where the environment forbids bytecode, each would compile all it imports anew.
unexport PYTHONDONTWRITEBYTECODE
export PYTHONPYCACHEPREFIX := $(CURDIR)/build/pycache

.DEFAULT_GOAL := conformance
.PHONY: conformance test lint types imports tree unit fast night versions node programs lock plan-table curve-table prove mutation bench allure site clean

$(READY): pyproject.toml requirements.lock
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	PYTHONWARNINGS=ignore $(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	touch $@

# The main job: the suite on the embedded emulator, with an HTML report in out/latest/index.html.
conformance: $(READY)
	$(BIN)/eni-conformance run --effort $(EFFORT) $(ARGS)

# The project's own tests: all of them, or with FAST=1 what needs neither whole runs nor a browser, Node.js or Redis.
test: lint types imports $(if $(FAST),fast,unit)

# A file is one worker's, so that its tests share what they start; tests/conftest.py says which files begin first.
TESTS = $(BIN)/python -m pytest tests --dist loadfile --no-loadscope-reorder
fast: $(READY)
	$(TESTS) -n 2 -m "not whole and not night" --hypothesis-profile fast $(ARGS)

# Outside CI: whole runs that `make test` makes with one seed or one row only, and many more examples for what is drawn.
night: $(READY)
	$(TESTS) -n 2 -m "night or not whole" --hypothesis-profile night $(ARGS)

lint: $(READY)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

# The folders joined under the name that they have where they are installed, for tools that read folders.
PARTS := contract strategies harness oracle conformance reports emulator
tree:
	mkdir -p build/tree/eni_conformance
	ln -sfn $(addprefix ../../../,$(PARTS) eni_conformance/__init__.py eni_conformance/__main__.py) build/tree/eni_conformance/

types: $(READY) tree
	$(BIN)/mypy

# import-linter follows no links.
imports: $(READY) tree
	rm -rf build/copy && cp -rL build/tree build/copy
	cd build/copy && $(CURDIR)/$(BIN)/lint-imports $(CURDIR)/pyproject.toml

unit: $(READY) programs node
	$(TESTS) -n 3 -m "not night" $(ARGS)

# What the tests need beyond pip, installed at once; says how to install it where this cannot.
PROGRAMS := $(if $(shell command -v chromium && command -v chromedriver),,chromium chromium-driver) \
  $(if $(shell command -v redis-server),,redis-server)
programs:
	@test -z "$(strip $(PROGRAMS))" || { \
	  command -v apt-get >/dev/null && [ "$$(id -u)" = 0 ] || { echo "install them: apt-get install $(PROGRAMS)"; exit 1; }; \
	  (apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq $(PROGRAMS)) >/dev/null; }

NODE_DIRS := $(patsubst %/package-lock.json,%,$(wildcard tests/*/node/package-lock.json))
node: $(addsuffix /node_modules/.ready,$(NODE_DIRS))
%/node_modules/.ready: %/package-lock.json
	npm ci --silent --no-audit --no-fund --prefix $*
	touch $@

# The package on Python 3.12 and 3.13, where the machine has them.
versions: $(READY)
	.ci/versions

# Outside CI: proof by faults and variants, and mutation of the oracle.
prove: $(READY)
	$(BIN)/eni-conformance prove $(ARGS)

# In an environment and a copy of its own, on one core; some minutes. The last result is in docs/mutation.md.
MUTANTS := build/mutants
mutation: $(READY) tree
	test -x build/mutation/bin/python || $(PYTHON) -m venv build/mutation
	build/mutation/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	build/mutation/bin/python -m pip install --quiet --disable-pip-version-check "mutmut==3.8.1"
	rm -rf $(MUTANTS) && mkdir -p $(MUTANTS)/tests
	cp -rL build/tree/eni_conformance pyproject.toml $(MUTANTS) && cp -r tests/contract tests/oracle $(MUTANTS)/tests
	cd $(MUTANTS) && nice ../mutation/bin/mutmut run --max-children 1 > run.log; tail -c 300 run.log | tr '\r' '\n' | tail -n 3
	cd $(MUTANTS) && ../mutation/bin/mutmut results

# The table that `plan` tells from: quick with three seeds, by the later revision, and without control; standard once.
plan-table: $(READY)
	rm -rf build/plan && mkdir -p build/plan
	for seed in 1 2 3; do $(BIN)/eni-conformance run --effort quick --seed $$seed --out build/plan >/dev/null || exit; done
	$(BIN)/eni-conformance run --effort quick --revision 2024 --seed 1 --out build/plan >/dev/null
	$(BIN)/eni-conformance run --effort standard --seed 1 --out build/plan >/dev/null
	for calls in 300 1000 3000; do $(BIN)/eni-conformance run --calls $$calls --seed 1 --out build/plan >/dev/null || exit; done
	$(BIN)/python -m eni_conformance.emulator --port 0 --write-target build/plan/all.toml >build/plan/emulator.log & emulator=$$!; \
	  until grep -q LISTENING build/plan/emulator.log; do sleep 0.1; done; \
	  (umask 077; sed '/^\[control\]/,/^$$/d' build/plan/all.toml >build/plan/target.toml); \
	  $(BIN)/eni-conformance run --target build/plan/target.toml --effort quick --seed 1 --out build/plan >/dev/null; \
	  status=$$?; kill $$emulator; exit $$status
	$(BIN)/python -m eni_conformance.conformance.plan build/plan/2*

# What runs of so many calls kill, and which tests it was that saw it: an hour with two runs at a time.
curve-table: $(READY)
	$(BIN)/eni-conformance prove --calls 300,1000,3000 -n 2 --out build/curve
	cp build/curve/prove/curve.json build/curve/prove/yield.json conformance/

# The latest run (or RUN=DIR) as one Allure 3 file. Without the line that would load a script from another host.
RUN ?= out/latest
ALLURE := tests/reports/node/node_modules
allure: $(ALLURE)/.ready
	@test -d $(RUN)/allure-results || { echo "$(RUN) holds no allure-results; make conformance writes them, or name a run: make allure RUN=DIR"; exit 1; }
	$(ALLURE)/.bin/allure awesome $(RUN)/allure-results --single-file --report-name "eni-conformance" \
	  --group-by epic,feature --output $(RUN)/allure
	sed -i.all '/googletagmanager\.com/d' $(RUN)/allure/index.html && rm $(RUN)/allure/index.html.all
	@echo "$(RUN)/allure/index.html"

lock: pyproject.toml
	$(BIN)/pip-compile --quiet --generate-hashes --allow-unsafe --strip-extras --no-emit-index-url \
	  --no-emit-find-links --no-emit-trusted-host --no-header --extra dev --extra emulator --extra allure --extra redis \
	  --output-file requirements.lock pyproject.toml
	$(BIN)/pip-compile --quiet --generate-hashes --allow-unsafe --strip-extras --no-emit-index-url \
	  --no-emit-find-links --no-emit-trusted-host --no-header --output-file docs/site.lock docs/site.in

# The documentation as a site, in build/site/html; a link that leads nowhere is an error.
SITE := build/site
site: $(READY) $(SITE)/venv/.ready
	$(BIN)/python docs/site.py $(SITE)/pages
	NO_MKDOCS_2_WARNING=1 $(SITE)/venv/bin/mkdocs build --strict --quiet
	@echo "$(SITE)/html/index.html"

$(SITE)/venv/.ready: docs/site.lock
	test -x $(SITE)/venv/bin/python || $(PYTHON) -m venv $(SITE)/venv
	$(SITE)/venv/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r docs/site.lock
	touch $@

clean:
	rm -rf $(VENV) out build dist *.egg-info
