# Fabriclab. `make help` tells the whole story.
TOPOLOGY ?= topologies/dev01
N        ?= 50
REPORT   ?= reports/$(notdir $(patsubst %/,%,$(TOPOLOGY)))

.DEFAULT_GOAL := help
.PHONY: help setup images lab-up lab-down verify test check agree bench clean

help: ## this list
	@printf 'Fabriclab: real daemons, your own configuration, proof.\n\n'
	@sed -n 's/^\([a-z-]*\):[^#]*## \(.*\)/  make \1\t\2/p' $(MAKEFILE_LIST) | expand -t 18
	@printf '\nTOPOLOGY=%s is the lab of lab-up and lab-down; any folder or *.clab.yml will do.\n' '$(TOPOLOGY)'
	@printf 'The command itself: .venv/bin/fabriclab --help\n'

setup: ## install what is missing: Debian packages, .venv, .tools (lab-up does it by itself)
	@scripts/setup.sh

images: ## build the images of nodes for --runtime docker: fabriclab/node:12 and :13 (Debian 12, 13)
	@scripts/images.sh

lab-up: setup ## bring TOPOLOGY up with its real configuration, and verify it
	@.venv/bin/fabriclab deploy '$(TOPOLOGY)'
	@.venv/bin/fabriclab verify '$(TOPOLOGY)' --report '$(REPORT)'

lab-down: ## end the lab; nothing stays behind
	@.venv/bin/fabriclab destroy '$(TOPOLOGY)'

verify: setup ## run every scenario, each in a fresh lab, known-bad twins included
	@.venv/bin/fabriclab verify scenarios --report reports/scenarios

test: ## every test: on paper, in the kernel, on Docker (as root, with a daemon of its own), and the scenarios
	@scripts/setup.sh dev docker
	@scripts/dockerd.py run .tools/docker .venv/bin/pytest -n 4 --dist loadgroup tests scenarios

check: ## the quick half, without root: style, types, tests on paper
	@scripts/setup.sh dev
	@.venv/bin/ruff check . && .venv/bin/ruff format --check . && .venv/bin/mypy && .venv/bin/pytest -m 'not kernel' tests

agree: ## N random networks, on paper and on real daemons: where do they part? (N=50; JOBS=, RUN=, PLANS=wide; SEED=... for one)
	@scripts/setup.sh dev
	@.venv/bin/python tests/agreement $(N) $(if $(PLANS),--plans $(PLANS)) $(if $(SEED),--only "$(SEED)") $(if $(RUN),--run "$(RUN)") $(if $(JOBS),--jobs $(JOBS))

bench: ## time to convergence against a bare floor, mininet and Docker's own starts (with a Docker daemon of its own)
	@scripts/setup.sh dev bench docker
	@scripts/dockerd.py run .tools/docker sh -c 'scripts/images.sh 12 && .venv/bin/python -m bench'

clean: ## end every lab, and remove what setup and the tests made
	@if [ -x .venv/bin/fabriclab ]; then .venv/bin/fabriclab destroy --all; fi
	@if [ -d .tools/docker ]; then scripts/dockerd.py stop .tools/docker; fi
	@rm -rf .venv .tools reports .pytest_cache .mypy_cache .ruff_cache .hypothesis ./*.egg-info
