"""``agentrl rewards code``: a model writes reward programs and betters them on a recorded run."""

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from agentrl.errors import RecordError, UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from agentrl.episode import Episode
    from agentrl.rewards.coder.attempt import Attempt
    from agentrl.rewards.coder.loop import Improvement, Plan
    from agentrl.suite import Suite
    from agentrl.suite.model import ModelSpec


def code(
    run: Annotated[Path, typer.Argument(metavar="RUN", help="A run folder with episodes.")],
    out: Annotated[Path, typer.Option(metavar="FOLDER", help="Where every program goes.")],
    suite_file: Annotated[
        Path | None, typer.Option("--suite", help="The suite; else that of the run.")
    ] = None,
    model_file: Annotated[
        Path | None,
        typer.Option("--model", help="A YAML file with a model section; else the suite's model."),
    ] = None,
    task: Annotated[
        str | None, typer.Option(help="The task in words; else the environment's instructions.")
    ] = None,
    rounds: Annotated[int, typer.Option(min=1, help="How often the model is asked again.")] = 3,
    candidates: Annotated[int, typer.Option(min=1, help="Programs a round.")] = 4,
    outcome: Annotated[str, typer.Option(help="What programs should agree with.")] = "success",
) -> None:
    """Let a model write reward programs; each is tried on the run's episodes, in a sandbox.

    The best one is FOLDER/best.py, ready for a label of kind code.
    """
    from agentrl.rewards.coder.archive import BEST
    from agentrl.rewards.coder.loop import Plan
    from agentrl.runs.folder import SUITE, read_episodes
    from agentrl.suite import load_suite

    if not run.exists():
        raise RecordError(f"{run}: no such run; give a run folder")
    suite = load_suite(suite_file or run / SUITE)
    model = _model(model_file, suite)
    plan = Plan(rounds=rounds, candidates=candidates, success=outcome)
    episodes = list(read_episodes(run))
    found = asyncio.run(_improved(model, episodes, task or _instructions(suite), plan, out))
    for attempt in found.history:
        typer.echo(_line(attempt))
    if found.best is None:
        raise UsageError(f"none of {len(found.history)} programs could be used; see {out}")
    typer.echo(f"best: {out / BEST}, fitness {found.best.fitness:.3f}")


async def _improved(
    spec: "ModelSpec", episodes: "Sequence[Episode]", task: str, plan: "Plan", out: Path
) -> "Improvement":
    from agentrl.models.build import build_model
    from agentrl.rewards.coder.loop import improve

    model = build_model(spec)
    await model.start()
    try:
        return await improve(model, episodes, task, plan=plan, folder=out)
    finally:
        await model.close()


def _model(file: Path | None, suite: "Suite") -> "ModelSpec":
    import yaml
    from pydantic import TypeAdapter, ValidationError

    from agentrl.suite.model import ModelSpec

    if file is None:
        own = suite.spec.agent.model
        if own is None:
            raise UsageError(f"{suite.path} has no agent.model; give one with --model FILE.yaml")
        return own
    try:
        data = yaml.safe_load(file.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as exc:
        raise UsageError(f"--model {file}: no YAML file that can be read: {exc}") from None
    section = data.get("model", data) if isinstance(data, dict) else data
    if isinstance(section, str):  # a mapping whose own key is 'model', as of an OpenAI server
        section = data
    try:
        spec: ModelSpec = TypeAdapter(ModelSpec).validate_python(section)
    except ValidationError as exc:
        problems = "; ".join(f"{'.'.join(map(str, e['loc']))}: {e['msg']}" for e in exc.errors())
        raise UsageError(f"--model {file}: expected a model section: {problems}") from None
    return spec


def _instructions(suite: "Suite") -> str:
    from agentrl.envs.build import build_env

    env = build_env(suite.spec.env, suite.spec.sandbox, suite.spec.orchestrator)
    try:
        return env.instructions
    finally:
        env.close()


def _line(attempt: "Attempt") -> str:
    name = f"round {attempt.round + 1}, program {attempt.index + 1}"
    if attempt.failure:
        return f"{name}: cannot be used: {attempt.failure.splitlines()[0]}"
    return f"{name}: fitness {attempt.fitness:.3f}"
