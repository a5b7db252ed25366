# One target for each job. Each first makes the environment, if it is missing or pyproject.toml changed.
PYTHON ?= python3
STUDY ?= digits

.PHONY: study test test-browser bench chaos gpu lint

study: .venv/.installed
	.venv/bin/python -m scaling.sweep $(STUDY)

test: .venv/.installed
	.venv/bin/python -m pytest -n 2 --dist loadgroup

test-browser: .venv/.browser
	.venv/bin/python -m pytest tests/browser

bench: .venv/.bench
	.venv/bin/python -m tests.benchmarks

chaos: .venv/.installed
	.venv/bin/python -m pytest tests/training/test_resume.py tests/launch tests/chaos -k "kill or damaged or ended or stopped or terminated"
	.venv/bin/python -m pytest tests/chaos/drained_node.py tests/chaos/elastic_nodes.py tests/chaos/lost_controller.py
	.venv/bin/python -m tests.chaos

# With whatever Python there is: a machine with a GPU may be lent for minutes, without Ray.
gpu:
	@$(or $(wildcard .venv/bin/python),$(PYTHON)) -m tests.gpu $(if $(RECORD),--record $(RECORD))

lint: .venv/.installed
	.venv/bin/ruff check .
	.venv/bin/ruff format --check .
	.venv/bin/mypy

.venv/.bench: .venv/.installed
	.venv/bin/python -m pip install -qq --editable ".[bench]"
	touch $@

.venv/.browser: .venv/.installed
	.venv/bin/python -m pip install -qq --editable ".[browser]"
	touch $@

.venv/.installed: pyproject.toml
	test -x .venv/bin/python || $(PYTHON) -m venv .venv
	.venv/bin/python -m pip install -qq --upgrade pip
	.venv/bin/python -m pip install -qq --editable ".[dev]"
	touch $@
