# `make run` shows it, `make test` proves it. Both install what is missing by scripts/setup.sh.
.DEFAULT_GOAL := help
.PHONY: help run test conformance bench chaos sim sim-canaries docker-bases deployment deb fmt clippy clean

help: ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-16s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

run: ## install what is missing, build, and watch a failover live
	@scripts/run.sh

test: ## formatting, lints, unit, integration and end-to-end tests with real servers (under 15 minutes)
	@scripts/test.sh

conformance: ## upstream's Tcl suite, real clients, mixed quorums with the real redis-sentinel
	@scripts/conformance.sh

bench: ## everything that is measured, beside redis-sentinel: make bench PARTS="crash watch" (scripts/bench.sh)
	@scripts/bench.sh $(PARTS)

chaos: ## faults from a seed on real processes: make chaos SEED=1 FAULTS=28 FLAVOUR=ours (root)
	@scripts/chaos.sh

sim: ## the simulator: make sim SEEDS=100000 FROM=1 (or MINUTES=30)
	@scripts/sim.sh

sim-canaries: ## each deliberate bug of the core must be found by the simulator
	@scripts/sim-canaries.sh

docker-bases: ## stand-ins for the public base images, for a machine that reaches no registry
	@scripts/docker-bases.sh

deployment: ## docker-compose.yml on a real Docker engine: start it, hurt it, and look
	@scripts/conformance.sh deployment

deb: ## a Debian package in target/deb
	@scripts/deb.sh

fmt: ## format the code
	cargo fmt --all

clippy: ## lint the code as `make test` does
	cargo clippy --workspace --all-targets -- -D warnings

clean: ## remove everything built
	cargo clean
