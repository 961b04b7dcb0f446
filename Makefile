# The whole of the tooling is in tools/ and runs on the Node that npm's platform packages bring,
# whatever Node is on the machine: `npm run` puts node_modules/.bin, where that `node` is, first.

.DEFAULT_GOAL := help
.PHONY: help run test check bench build nightly format clean

help:
	@echo 'make run      install what is needed and start holdfast dev'
	@echo 'make check    types, layers, lint, format, conventions, links, licences, advisories'
	@echo 'make test     the check, then every test'
	@echo 'make nightly  every test, with the sizes that take hours'
	@echo 'make bench    measure, and write the report to bench/results/'
	@echo 'make build    bundle a release into dist/'
	@echo 'make format   format and fix what a tool can fix'

run:
	@sh tools/install.sh
	@exec bin/holdfast dev

test:
	@sh tools/install.sh
	@sh tools/install-test-needs.sh
	@npm run --silent check
	@npm run --silent test

check:
	@sh tools/install.sh
	@npm run --silent check

nightly: export HOLDFAST_POLICY_CASES ?= 1000000
nightly: export HOLDFAST_SIGNED_REQUESTS ?= 1000000
nightly: export HOLDFAST_FUZZ_COUNT ?= 2000000
nightly: export HOLDFAST_STORAGE_HISTORIES ?= 500
nightly: export HOLDFAST_KILLS ?= 500
nightly: export HOLDFAST_TEST_TIMEOUT_MINUTES ?= 240
nightly: test

bench:
	@sh tools/install.sh
	@npm exec --no -- node bench/run.ts

build:
	@sh tools/install.sh
	@npm run --silent build

format:
	@sh tools/install.sh
	@npm run --silent format

clean:
	rm -rf dist .cache node_modules
