# The developer's door. It needs Python 3.11+, Go, make, git and the package registries; everything else is fetched or
# built once into $XDG_CACHE_HOME/livestream.srs (~/.cache/livestream.srs).

MAKEFLAGS += --no-print-directory
# Ansible wants UTF-8, and sorted lists are to be the same everywhere.
export LC_ALL := C.UTF-8
.DEFAULT_GOAL := help
.PHONY: help demo test mutants bench e2e docs golden load-balancer-cases clean venv

# The oldest Python that works, so that nothing newer is used by mistake. A name on PATH may be a shim that can't run.
PYTHON ?= $(shell for python in python3.11 python3.12 python3.13 python3.14 python3 /usr/bin/python3 $(HOME)/.pyenv/versions/3.1*/bin/python3; do \
	"$$python" -c 'import sys, ensurepip, venv; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && { echo "$$python"; break; }; done)
VENV := .venv/bin
WITH_VENV := PATH="$(CURDIR)/$(VENV):$$PATH"

help:
	@echo 'make demo    the whole topology on a local Kubernetes, its status and URLs   (20 s; the first time about 10 min)'
	@echo '             with root and an image of SRS, on a real node with a stream to play (60 s; see tests/cluster/README.md)'
	@echo 'make test    everything that needs no real SRS                               (13 min; the first time about 25 min)'
	@echo '             ONLY=unit,lint   those stages alone: lint unit differential sanity integration molecule'
	@echo '             SRS_BIN=FILE     also compare what is refused with what a real SRS refuses'
	@echo 'make e2e     real SRS and nginx on a real node, with publishers and players  (80 min; see tests/e2e/README.md)'
	@echo 'make mutants small mistakes in plugins and roles, and whether the tests notice  (15 min; see docs/testing.md)'
	@echo "             MUTANTS=200 SEED=1 ONLY='roles/*'   how many, which sample, in which files"
	@echo 'make bench   how long a run takes, beside kubectl, helm and kubernetes.core       (35 min; BENCH_SIZES=1,10 BENCH_ROUNDS=2 for less)'
	@echo 'make docs    write what is generated: docs/reference, the schema of the status, tables (5 s)'
	@echo 'make golden  write tests/unit/golden, the objects that the roles deploy         (5 s)'
	@echo 'make load-balancer-cases  write what the controllers of load balancers are to be run on by hand, see docs/testing.md  (10 s)'
	@echo '             PROVIDER=alibaba FILE=cases.json SEED=1   one provider alone, where to, other random ones'
	@echo 'make clean   remove the local clusters, build/ and .venv; with CACHE=1 also what was fetched and built'
	@echo
	@echo 'PYTHON=...        the Python to use, 3.11 or newer (else the oldest found)'
	@echo 'ANSIBLE_CORE=...  another version of ansible-core than the pinned one'
	@echo 'KUBECONFIG=...    a Kubernetes of your own for demo and test'

venv:
	@test -n '$(PYTHON)' || { echo 'No Python 3.11 or newer that works (with venv and ensurepip) was found: install one, or name it with PYTHON=...' >&2; exit 1; }
	@'$(PYTHON)' tests/tools/environment.py

test: venv
	@$(WITH_VENV) python tests/tools/run.py $(if $(ONLY),--only '$(ONLY)')

mutants: venv
	@$(WITH_VENV) python tests/tools/mutate.py $(if $(MUTANTS),--mutants '$(MUTANTS)') $(if $(SEED),--seed '$(SEED)') $(if $(ONLY),--only '$(ONLY)')

demo: venv
	@$(WITH_VENV) python tests/tools/demo.py

e2e: venv
	@$(WITH_VENV) python tests/tools/run.py --only e2e

bench: venv
	@$(WITH_VENV) python tests/bench/run.py

docs: venv
	@$(WITH_VENV) python tests/tools/status.py
	@$(WITH_VENV) python tests/tools/docs.py
	@$(WITH_VENV) python tests/tools/load_balancers.py
	@$(WITH_VENV) python tests/tools/releases.py
	@$(WITH_VENV) python tests/tools/srs_conf.py

golden: venv
	@$(WITH_VENV) python tests/tools/golden.py

load-balancer-cases: venv
	@$(WITH_VENV) python tests/tools/load_balancer_cases.py $(if $(PROVIDER),--provider '$(PROVIDER)') $(if $(SEED),--seed '$(SEED)') $(FILE)

clean:
	@'$(PYTHON)' tests/tools/clean.py $(if $(CACHE),--cache)
