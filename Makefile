# Everything a contributor does is one of these; CI calls the same. `make help` lists them.
PYTHON ?= python3
BIN := .venv/bin
# Sums are taken in one order, and two test workers do not fight over two cores.
export OMP_NUM_THREADS ?= 1
# Notebooks are tested on the embedded data, whatever lies on this machine.
PYTEST := env BNCOURSE_DATA=$(CURDIR)/.cache/no-data $(BIN)/python -m pytest
# What has rows in the book; twelve-honest takes its learning rates from twelve-search.
EXPERIMENTS := first-look batch-size placement twelve-search twelve-configurations twelve-honest \
	input-scale initialisation why-it-works precision
# Three seeds; whether bfloat16 costs accuracy is asked of five, and the article had one run an arm.
SEEDS = $(if $(filter precision,$(1)),5,$(if $(filter twelve-configurations,$(1)),1,3))
# Two processes of one thread are faster than one of two threads.
WORKERS ?= 2

.DEFAULT_GOAL := help
.PHONY: help book serve test check results bench clean

help:     ## list the commands
	@sed -n 's/^\([a-z]*\):.*## /  make \1\t/p' Makefile

book: .venv/book.stamp  ## set up, build the site in four languages, say where it is
	$(BIN)/python tools/build_book.py

serve: book  ## the same, and open it to your browser on this machine
	$(BIN)/python tools/serve_book.py

test: .venv/test.stamp book  ## set up and run everything: lint, types, tests, notebooks, the site in a browser
	sh tools/install_browser.sh
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(PYTEST) -n 2 --dist loadscope --max-worker-restart 0 -m "not thorough" --doctest-modules --nbval --nbval-current-env tests bncourse book

check: .venv/test.stamp  ## the fast part, under a minute: before every commit
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(PYTEST) -q -n 2 --doctest-modules -m "not slow and not browser" tests bncourse

results: .venv/test.stamp  ## run the experiments whose rows are missing, on real CIFAR-10, and draw all figures
	data="$$($(BIN)/python tools/development_data.py)"; $(foreach name,$(EXPERIMENTS),BNCOURSE_DATA="$$data" \
	$(BIN)/python -m bncourse experiment run $(name) --seeds $(call SEEDS,$(name)) --executor processes:$(WORKERS) &&) true
	$(BIN)/python -m bncourse experiment plot

bench: .venv/test.stamp  ## speed and memory, as ratios within one run; ARGS=--record keeps the backward rows
	$(BIN)/python benchmarks/batchnorm.py
	$(BIN)/python benchmarks/backward.py $(ARGS)
	$(BIN)/python benchmarks/layers.py
	$(BIN)/python benchmarks/checks.py
	$(BIN)/python benchmarks/training.py

clean:    ## remove what was built; .venv stays
	rm -rf _build .cache .pytest_cache .mypy_cache .ruff_cache .hypothesis

# The book needs neither torch nor a browser, so building it stays a small download.
.venv/book.stamp: pyproject.toml requirements.txt | $(BIN)/python
	$(BIN)/python -m pip install -q --disable-pip-version-check -c requirements.txt -e '.[book]'
	@touch $@

.venv/test.stamp: pyproject.toml requirements.txt | $(BIN)/python
	$(BIN)/python -m pip install -q --disable-pip-version-check -r requirements.txt
	$(BIN)/python -m pip install -q --disable-pip-version-check --no-deps -e .
	@touch $@ .venv/book.stamp

$(BIN)/python:
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "bncourse needs Python 3.11 or newer; try: make PYTHON=python3.12 …")'
	$(PYTHON) -m venv .venv || { echo "no venv module; on Debian: apt-get install python3-venv"; exit 1; }
