# One command each. Needs Python 3.11 or newer (with venv) and a Rust toolchain; everything else goes into .venv.
#
#   make demo    build, install, run a simulated trading day, and trade one over the wire
#   make test    every test, Rust and Python
#   make help    the rest

PYTHON ?= $(shell for p in python3 python3.14 python3.13 python3.12 python3.11; do \
	if $$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then echo $$p; break; fi; done)
CARGO ?= cargo
# What the developer's shell has activated must not leak in.
unexport PYTHONPATH PYTHONHOME CONDA_PREFIX
export VIRTUAL_ENV := $(CURDIR)/.venv
export PYO3_PYTHON := $(VIRTUAL_ENV)/bin/python

BIN := .venv/bin
PY := $(BIN)/python
STAMPS := .venv/stamps
EXTENSION := python/tickwright/_core.abi3.so

# Folders are listed beside the files, so that a removed file rebuilds too.
RUST_SOURCES := Cargo.toml $(wildcard Cargo.lock) $(wildcard rust/*/Cargo.toml) $(shell find rust/*/src)
PYTHON_SOURCES := $(shell find python -name '*.py' -o -name '*.pyi' -o -name py.typed 2>/dev/null)

.DEFAULT_GOAL := help
.PHONY: help build demo test test-rust lint bench bench-gate bench-peers simulate recovery fuzz miri sanitize wheel proto release-proto docs clean

help: ## show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## /{printf "  make %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

# --- environment -------------------------------------------------------------------------------------------------
$(STAMPS)/venv:
	@test -n "$(PYTHON)" || { echo "tickwright needs Python 3.11 or newer; name it: make PYTHON=/path/to/python3" >&2; exit 1; }
	@command -v $(CARGO) >/dev/null || { echo "tickwright needs a Rust toolchain (https://rustup.rs)" >&2; exit 1; }
	@$(PYTHON) -m venv .venv || { echo "python's venv module is missing (Debian, Ubuntu: apt install python3-venv)" >&2; exit 1; }
	@mkdir -p $(STAMPS) && touch $@

# $(STAMPS)/requires: the runtime and build dependencies; $(STAMPS)/requires-test: with those of the extra `test`; and so on.
$(STAMPS)/requires: pyproject.toml .ci/requirements.py $(STAMPS)/venv
	@$(PY) .ci/requirements.py > $@.txt
	$(PY) -m pip install --quiet --requirement $@.txt
	@touch $@

$(STAMPS)/requires-%: pyproject.toml .ci/requirements.py $(STAMPS)/venv
	@$(PY) .ci/requirements.py $* > $@.txt
	$(PY) -m pip install --quiet --requirement $@.txt
	@touch $@

# The extension module lies in the source tree and the package is installed editable: a change of Python needs no install.
$(EXTENSION): $(RUST_SOURCES) pyproject.toml $(STAMPS)/requires
	@echo "building the extension (release); the first time takes three or four minutes"
	PIP_QUIET=1 $(BIN)/maturin develop --release --quiet
	@touch $@

build: $(EXTENSION) ## build the extension and install the package into .venv

# --- run, test, check --------------------------------------------------------------------------------------------
demo: $(EXTENSION) $(STAMPS)/requires-alpaca $(STAMPS)/requires-paper ## a simulated day with a report, then one over the wire: paper venue, node, a cut and a kill
	$(BIN)/tickwright demo --live

test-rust: $(STAMPS)/venv ## the tests of the Rust core alone
	$(CARGO) test --workspace --quiet

# pytest comes last and nothing is printed after its summary line.
test: $(EXTENSION) $(STAMPS)/requires-test test-rust ## every test: Rust, then Python with doctests, docs and packaging
	$(PY) -m pytest $(PYTEST_ARGS)

lint: $(EXTENSION) $(STAMPS)/requires-lint $(STAMPS)/requires-test ## formatters, clippy, ruff, mypy strict, stubs against the extension
	$(CARGO) fmt --all --check
	$(CARGO) clippy --workspace --all-targets --quiet -- -D warnings
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(PY) -m mypy
	MYPYPATH=python $(PY) -m mypy.stubtest tickwright._core --mypy-config-file pyproject.toml --ignore-disjoint-bases

bench: $(EXTENSION) $(STAMPS)/requires-bench ## benchmark suites, then the full gate with peers; fails on a breach
	@for bench in rust/core/benches/*.rs; do test -f "$$bench" || continue; \
		$(CARGO) bench --package tickwright-core --bench "$$(basename "$$bench" .rs)" -- --warm-up-time 0.5 --measurement-time 1 --noplot || exit 1; done
	@set -- benches/bench_*.py; if test -f "$$1"; then echo "$(PY) -m pytest benches"; $(PY) -m pytest benches --benchmark-only --quiet; fi
	$(PY) -m benches.gate --gate full --json out/bench-full.json

bench-gate: $(EXTENSION) $(STAMPS)/requires-bench ## the short gate of continuous integration; fails on a breach
	$(PY) -m benches.gate --gate ci --json out/bench-ci.json

bench-peers: $(EXTENSION) $(STAMPS)/requires-bench ## other engines on the same inputs: one JSON line a result
	$(PY) -m benches.peers.runner

# Coverage-guided, with the address sanitizer and overflow checks. libFuzzer's instrumentation is there in the stable compiler behind
# RUSTC_BOOTSTRAP; it needs a C++ compiler for its runtime. Inputs that break a target are left in target/fuzz/found.
FUZZ_SECONDS ?= 60
FUZZ_TARGETS ?=
FUZZ_TRIPLE := $(shell rustc -vV 2>/dev/null | sed -n 's/^host: //p')
FUZZ_FLAGS := -Cpasses=sancov-module -Cllvm-args=-sanitizer-coverage-level=4 -Cllvm-args=-sanitizer-coverage-inline-8bit-counters \
	-Cllvm-args=-sanitizer-coverage-pc-table -Cllvm-args=-sanitizer-coverage-trace-compares -Zsanitizer=address -Ccodegen-units=1

simulate: $(STAMPS)/venv ## engine and journal, then the whole node with the paper venue, under random faults and crashes: 10,000 seeds each, 1,000 kills (TICKWRIGHT_SEED=n for one)
	TICKWRIGHT_SEEDS=$${TICKWRIGHT_SEEDS:-10000} TICKWRIGHT_KILLS=$${TICKWRIGHT_KILLS:-1000} $(CARGO) test --release --package tickwright-core --test simulate -- --nocapture
	TICKWRIGHT_SEEDS=$${TICKWRIGHT_SEEDS:-10000} $(CARGO) test --release --package tickwright-core --test node -- --nocapture

recovery: $(EXTENSION) $(STAMPS)/requires-test ## a node killed 200 times while it trades on the paper venue (TICKWRIGHT_KILLS=n)
	TICKWRIGHT_KILLS=$${TICKWRIGHT_KILLS:-200} $(PY) -m pytest tests/recovery -s -q

fuzz: ## every decoder and the book under libFuzzer, FUZZ_SECONDS each (60); FUZZ_TARGETS="itch dbn" for some
	@mkdir -p target/fuzz/found
	$(CARGO) run --quiet --release --manifest-path rust/fuzz/Cargo.toml --target-dir target/fuzz/plain --bin seeds -- target/fuzz/corpus > target/fuzz/names
	RUSTC_BOOTSTRAP=1 RUSTFLAGS="$(FUZZ_FLAGS)" $(CARGO) build --quiet --release --manifest-path rust/fuzz/Cargo.toml \
		--target-dir target/fuzz --target $(FUZZ_TRIPLE) --bin fuzz
	@failed=; for name in $(or $(FUZZ_TARGETS),$$(cat target/fuzz/names)); do \
		echo "== $$name, $(FUZZ_SECONDS) s"; \
		TICKWRIGHT_FUZZ_TARGET=$$name target/fuzz/$(FUZZ_TRIPLE)/release/fuzz -max_total_time=$(FUZZ_SECONDS) -max_len=16384 -rss_limit_mb=2048 \
			-timeout=20 -print_final_stats=1 -artifact_prefix=target/fuzz/found/$$name- target/fuzz/corpus/$$name > target/fuzz/$$name.log 2>&1 \
			|| failed="$$failed $$name"; \
		grep -E 'stat::(number_of_executed_units|peak_rss_mb)|ERROR|panicked' target/fuzz/$$name.log; \
		grep -Eo 'cov: [0-9]+' target/fuzz/$$name.log | tail -n 1; \
	done; if test -n "$$failed"; then echo "failed:$$failed (see target/fuzz/*.log)"; exit 1; fi

# Every `unsafe` of the core, and of its tests: CONTRIBUTING.md has the table.
MIRI_LIB := indicators::smooth indicators::wide indicators::pattern::rule book::prefetch
MIRI_TESTS := --test alpaca_alloc --test matching_alloc

miri: ## the core's unsafe code under Miri (a few minutes); passed over where nightly Rust with Miri is missing
	@if ! $(CARGO) +nightly miri --version >/dev/null 2>&1; then \
		echo "make miri: passed over; it needs Miri: rustup toolchain install nightly --component miri --component rust-src"; \
	else \
		set -ex; export MIRIFLAGS=-Zmiri-disable-isolation PROPTEST_CASES=1; \
		$(CARGO) +nightly miri test --quiet --target-dir $(or $(CARGO_TARGET_DIR),target)/miri --package tickwright-core --lib -- $(MIRI_LIB); \
		$(CARGO) +nightly miri test --quiet --target-dir $(or $(CARGO_TARGET_DIR),target)/miri --package tickwright-core $(MIRI_TESTS); \
	fi

# The extension with the address sanitizer, whose runtime (gcc's; libstdc++ for the exceptions of other extensions) comes before Python's.
# Python's own allocator would hide what is used after it was freed.
SANITIZE_DIR := $(or $(CARGO_TARGET_DIR),target)/sanitize

sanitize: $(STAMPS)/requires-test ## the extension under the address sanitizer, with tests/unit; passed over where nightly Rust or gcc's runtime is missing
	@runtime=$$(gcc -print-file-name=libasan.so 2>/dev/null); \
	if ! $(CARGO) +nightly --version >/dev/null 2>&1 || ! test -f "$$runtime"; then \
		echo "make sanitize: passed over; it needs nightly Rust (rustup toolchain install nightly) and gcc with libasan"; \
	else \
		set -ex; \
		RUSTFLAGS="-Zsanitizer=address -Zexternal-clangrt" $(CARGO) +nightly build --quiet --package tickwright-bindings \
			--target $(FUZZ_TRIPLE) --target-dir $(SANITIZE_DIR); \
		rm -rf $(SANITIZE_DIR)/python && cp -R python $(SANITIZE_DIR)/python; \
		cp $(SANITIZE_DIR)/$(FUZZ_TRIPLE)/debug/lib_core.so $(SANITIZE_DIR)/python/$(EXTENSION:python/%=%); \
		LD_PRELOAD="$$runtime $$(gcc -print-file-name=libstdc++.so.6)" ASAN_OPTIONS=detect_leaks=0 PYTHONMALLOC=malloc \
			PYTHONPATH=$(SANITIZE_DIR)/python $(PY) -m pytest tests/unit --ignore tests/unit/test_gate.py -p no:cacheprovider -W ignore -q; \
	fi

wheel: dist/.stamp ## an abi3 wheel for CPython 3.11 and newer, into dist/

dist/.stamp: $(RUST_SOURCES) $(PYTHON_SOURCES) pyproject.toml README.md LICENSE $(STAMPS)/requires
	@rm -rf dist
	$(BIN)/maturin build --release --quiet --out dist
	@touch $@ && ls dist/*.whl

proto: $(EXTENSION) $(STAMPS)/requires-test ## write the messages and stubs of the control plane from proto/
	$(PY) -m tickwright._proto

release-proto: $(EXTENSION) $(STAMPS)/requires-test ## keep the descriptors of a release, which later ones must not break
	$(PY) -m tickwright._proto --release

docs: $(EXTENSION) $(STAMPS)/requires-test ## check the links and run the code of README.md and docs/
	$(PY) -m pytest tests/docs $(PYTEST_ARGS)

clean: ## remove everything that the other commands made
	rm -rf .venv .peers target dist out demo-out .pytest_cache .mypy_cache .ruff_cache .hypothesis .benchmarks $(EXTENSION)
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
