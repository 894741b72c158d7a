# The commands of this repository; each sets up whatever is missing first (tools/setup), so that a fresh clone works.
.PHONY: demo test test-llama check build install bench books overload accuracy faults fuzz fuzz-targets sbom tidy format asan tsan clean samples
BUILD := cmake --build build --parallel
PREFIX ?= /usr/local

build:
	@tools/setup build
	@cmake --preset release >build.log 2>&1 || { cat build.log; exit 1; }
	@$(BUILD) --target loom

install: build  # make install PREFIX=/opt/loom
	@$(BUILD) --target loom loom_library
	@cmake --install build --prefix $(PREFIX)

demo:
	@tools/setup demo
	@$(MAKE) --no-print-directory build
	@tools/demo

test:
	@tools/setup test
	@cmake --preset release -DLOOM_TESTS=ON >build.log 2>&1 || { cat build.log; exit 1; }
	@$(BUILD) --target tests
	@$(MAKE) --no-print-directory fuzz-targets
	@tools/test all

test-llama:  # the OCR stage against a real llama-server, which is fetched once into .deps/llama
	@tools/setup test
	@tools/setup_llama
	@$(MAKE) --no-print-directory build
	@.deps/python/bin/python -m pytest -q tests/test_llama.py -p no:cacheprovider

check:
	@tools/setup test
	@cmake --preset release -DLOOM_TESTS=ON >build.log 2>&1 || { cat build.log; exit 1; }
	@$(BUILD) --target tests
	@tools/test fast

bench:
	@tools/setup bench
	@cmake --preset bench -DLOOM_TESTS=ON >build.log 2>&1 || { cat build.log; exit 1; }
	@$(BUILD)
	@bench/run

RECORDS ?= 10000000
books:  # what loom verify and a full search of loom trace take
	@tools/setup bench
	@cmake --preset bench -DLOOM_TESTS=ON >build.log 2>&1 || { cat build.log; exit 1; }
	@$(BUILD) --target kafka_floor runner_bench loom
	@.deps/python/bin/python -m bench.books $(RECORDS)

overload:  # SECONDS=600: three times what the API can take, so long
	@tools/setup bench
	@cmake --preset bench -DLOOM_TESTS=ON >build.log 2>&1 || { cat build.log; exit 1; }
	@$(BUILD) --target loom offer
	@bench/overload $(if $(filter command environment,$(firstword $(origin SECONDS))),$(SECONDS),600)

accuracy:
	@tools/setup test
	@tools/setup tiny
	@cmake --preset release -DLOOM_TESTS=ON >build.log 2>&1 || { cat build.log; exit 1; }
	@$(BUILD) --target accuracy loom
	@build/accuracy 2>/dev/null >build/accuracy.md && .deps/python/bin/python -m bench.own_share >>build/accuracy.md && mv build/accuracy.md docs/accuracy.md && cat docs/accuracy.md

SEED ?= 1
ROUNDS ?= 1
faults:
	@tools/setup test
	@cmake --preset release >build.log 2>&1 || { cat build.log; exit 1; }
	@$(BUILD) --target loom
	@.deps/python/bin/python -m tests.faults.run --seed $(SEED) --rounds $(ROUNDS) --page docs/faults.md

sbom:  # build/sbom.cdx.json, CycloneDX
	@tools/sbom

SECONDS ?= 20
fuzz:  # SECONDS=600: each target so long
	@tools/setup test
	@$(MAKE) --no-print-directory fuzz-targets
	@tools/fuzz --seconds $(SECONDS) --seed 0

fuzz-targets:
	@cmake -S fuzz -B build/fuzz -G Ninja -DCMAKE_CXX_COMPILER=clang++ >build.log 2>&1 || { cat build.log; exit 1; }
	@cmake --build build/fuzz --parallel

asan tsan:
	@tools/setup test
	@cmake --preset $@ -DLOOM_TESTS=ON >build.log 2>&1 || { cat build.log; exit 1; }
	@cmake --build build/$@ --parallel --target tests
	@tools/test sanitized --build build/$@

tidy:
	@cmake --preset release -DLOOM_TESTS=ON >build.log 2>&1
	@run-clang-tidy -quiet -p build 'src/.*\.cc$$'

format:
	@git ls-files '*.h' '*.cc' | xargs clang-format -i

samples:
	@samples/make_screenshots

clean:
	rm -rf build build.log .loom
