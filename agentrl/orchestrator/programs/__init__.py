"""Programs that come with agentrl as workers: a calculator, a Python runner, a retriever."""
