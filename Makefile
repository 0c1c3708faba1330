# mailstack on this machine. `make help` lists the targets; nothing here needs an account anywhere.

.DEFAULT_GOAL := help
.PHONY: help up preview down test check lint bench schema setup engine

python := .venv/bin/python

help: ## Show this list
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "  make %-9s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

up: engine ## Start the local mail cloud, run `pulumi up` on stack local, send one mail with the bundle
	@$(python) -m tools.local up

preview: engine ## Show what `make up` would change
	@$(python) -m tools.local preview

down: engine ## Destroy what `make up` made, show that nothing is left, stop the mail cloud
	@$(python) -m tools.local down

test: engine ## Run every test: model, components, conformance, engine; ARGS="PATH -k NAME" chooses
	@$(python) -m tools.local test $(ARGS)

check: lint ## Run lint and every test that needs no engine (1-2 minutes)
	@.venv/bin/pytest -n 2 --dist worksteal -q \
		--ignore tests/engine --ignore tests/docs/test_commands.py --ignore-glob '*_engine.py' $(ARGS)

lint: setup ## Run ruff, mypy (strict) and the import contracts
	@.venv/bin/ruff format --check .
	@.venv/bin/ruff check .
	@.venv/bin/mypy
	@.venv/bin/lint-imports --no-cache

bench: engine ## Compare `up` and previews with a hand-written program, in one run (15 minutes)
	@$(python) -m tests.bench

schema: setup ## Write the JSON Schema that the stacks' files refer to
	@.venv/bin/mailstack schema > stacks/settings.schema.json

setup:
	@tools/bootstrap

engine: setup
	@tools/pulumi/build >/dev/null
