from pathlib import Path

import pytest

from agentrl.errors import SuiteError
from agentrl.suite import load_suite
from agentrl.suite.compare import differences
from agentrl.suite.model import OpenAISpec
from agentrl.suite.reward.terms import FactTerm

PLAIN = """\
name: demo
env: {id: agentrl/Maze-v0}
tasks:
  generate: {count: 2}
agent: {kind: expert}
"""


@pytest.fixture
def suite_file(tmp_path: Path) -> Path:
    return write(tmp_path, PLAIN)


def write(folder: Path, text: str) -> Path:
    path = folder / "suite.yaml"
    path.write_text(text, encoding="utf-8")
    return path


def complaint(path: Path, overrides: tuple[str, ...] = ()) -> str:
    with pytest.raises(SuiteError) as caught:
        load_suite(path, overrides)
    return str(caught.value)


def test_a_plain_suite_gets_every_default(suite_file: Path) -> None:
    spec = load_suite(suite_file).spec

    assert (spec.rollouts.concurrency, spec.rollouts.attempts) == (16, 1)
    assert spec.reward.terms == {"success": FactTerm()}


def test_the_resolved_suite_is_the_same_suite(suite_file: Path, tmp_path: Path) -> None:
    suite = load_suite(suite_file, ["rollouts.seed=7"])

    again = load_suite(write(tmp_path, suite.resolved()))

    assert again.spec == suite.spec
    assert differences(again.spec, suite.spec) == []


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        (
            "rollouts: {concurency: 8}",
            ":6: rollouts.concurency: unknown key (did you mean concurrency?)",
        ),
        ("rolouts: {}", ":6: rolouts: unknown key (did you mean rollouts?)"),
        (
            "sandbox: {network: allowlist}",
            ":6: sandbox.network: no backend can enforce an allowlist: choose none, or full",
        ),
        ("limits: {xyzzy: 1}", "unknown key; known: max_turns, turn_s, episode_s"),
        ("rollouts: {workers: two}", ":6: rollouts.workers: input should be a valid integer"),
        ("rollouts: {workers: 0}", "greater than 0, got 0"),
        ("limits: {turn_s: .nan}", "limits.turn_s: input should be a finite number"),
        ("rollouts: 3", ":6: rollouts: input should be a valid dictionary"),
        ("name: again", ":6: name: given twice, first on line 1; keep one"),
        (
            "reward: {terms: {success: much}}",
            ":6: reward.terms.success: expected a weight, which is a number, or a mapping such as",
        ),
    ],
)
def test_a_wrong_line_is_named_with_what_was_expected(
    tmp_path: Path, line: str, expected: str
) -> None:
    assert expected in complaint(write(tmp_path, PLAIN + line + "\n"))


def test_every_problem_is_told_at_once(tmp_path: Path) -> None:
    text = complaint(write(tmp_path, PLAIN + "rollouts: {concurency: 8, workers: 0}\n"))

    assert "concurrency?" in text
    assert "rollouts.workers" in text


def test_an_unknown_key_of_a_model_suggests_that_backends_keys(tmp_path: Path) -> None:
    agent = "agent: {model: {backend: openai, model: x, base_ulr: 'http://localhost'}}"

    text = complaint(write(tmp_path, PLAIN.replace("agent: {kind: expert}", agent)))

    assert ":5: agent.model.base_ulr: unknown key (did you mean base_url?)" in text


@pytest.mark.parametrize(
    ("model", "expected"),
    [
        ("{backend: opnai}", "agent.model"),
        ("{model: x}", "agent.model"),
        ("{backend: transformers}", "give one of 'checkpoint' and 'scratch'"),
        (
            "{backend: transformers, scratch: {hidden_size: 100}}",
            ":5: agent.model.scratch.hidden_size: input should be a multiple of 32, got 100",
        ),
        ("{backend: transformers, scratch: {vocabulary: 9}}", "greater than or equal to 259"),
    ],
)
def test_a_model_that_is_none_is_refused(tmp_path: Path, model: str, expected: str) -> None:
    text = PLAIN.replace("{kind: expert}", f"{{model: {model}}}")

    assert expected in complaint(write(tmp_path, text))


def test_an_llm_agent_without_a_model_is_refused(suite_file: Path) -> None:
    assert "an agent of kind 'llm' needs a 'model'" in complaint(suite_file, ("agent.kind=llm",))


def test_a_missing_section_is_named(tmp_path: Path) -> None:
    assert "tasks: missing" in complaint(
        write(tmp_path, "name: x\nenv: {id: a}\nagent: {kind: expert}")
    )


def test_two_sources_of_tasks_are_refused(tmp_path: Path) -> None:
    text = PLAIN.replace("{count: 2}", "{count: 2}\n  file: x.jsonl")

    assert "give exactly one of 'generate', 'file' and 'inline'" in complaint(write(tmp_path, text))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a: [1", "no YAML"),
        ("- 1", "expected a mapping"),
        ("", "expected a mapping"),
        ("? [a]\n: 1", "suite.yaml"),
    ],
)
def test_a_file_that_is_no_suite_is_refused(tmp_path: Path, text: str, expected: str) -> None:
    assert expected in complaint(write(tmp_path, text))


def test_a_file_that_is_no_text_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "suite.yaml"
    path.write_bytes(b"\xff\xfe\x00")

    assert "UTF-8" in complaint(path)


def test_a_missing_file_is_refused(tmp_path: Path) -> None:
    assert "cannot read the suite file: No such file" in complaint(tmp_path / "none.yaml")


def test_an_override_replaces_one_key(suite_file: Path) -> None:
    suite = load_suite(suite_file, ["limits.max_turns=5", "env.options.size=9", "name=other"])

    assert suite.spec.limits.max_turns == 5
    assert suite.spec.env.options == {"size": 9}
    assert suite.spec.name == "other"


@pytest.mark.parametrize(
    ("override", "expected"),
    [
        ("limits.max_turns", "expected KEY=VALUE"),
        ("=3", "expected KEY=VALUE"),
        ("name.x=3", "'name' is not a section"),
        ("limits={", "the value is no YAML"),
        ("limits.max_trns=3", "limits.max_trns: unknown key (did you mean max_turns?)"),
    ],
)
def test_an_override_that_fits_nowhere_is_refused(
    suite_file: Path, override: str, expected: str
) -> None:
    assert expected in complaint(suite_file, (override,))


def test_a_file_beside_the_suite_is_found_from_anywhere(tmp_path: Path) -> None:
    (tmp_path / "tasks.jsonl").write_text("{}\n")
    text = PLAIN.replace("generate: {count: 2}", "file: tasks.jsonl")

    spec = load_suite(write(tmp_path, text)).spec

    assert spec.tasks.file == str((tmp_path / "tasks.jsonl").resolve())


def test_an_error_about_a_value_names_its_line(suite_file: Path) -> None:
    error = load_suite(suite_file).error(("tasks", "generate", "count"), "too many")

    assert str(error) == f"{suite_file}:4: tasks.generate.count: too many"


def test_prices_are_read_for_a_server(tmp_path: Path) -> None:
    model = "{backend: openai, model: x, prices: {input: 0.15, output: 0.6}}"
    suite = load_suite(write(tmp_path, PLAIN.replace("{kind: expert}", f"{{model: {model}}}")))

    assert isinstance(suite.spec.agent.model, OpenAISpec)
    assert suite.spec.agent.model.prices.output == 0.6


def test_differences_leave_out_what_only_changes_the_speed(suite_file: Path) -> None:
    old = load_suite(suite_file).spec
    new = load_suite(suite_file, ["rollouts.workers=4", "rollouts.seed=3"]).spec

    assert differences(old, new) == ["rollouts.seed: 0 -> 3"]


def test_the_file_of_a_label_is_looked_for_beside_the_suite(tmp_path: Path) -> None:
    (tmp_path / "reward.py").write_text("def reward(episode): ...\n", encoding="utf-8")
    (tmp_path / "facts.jsonl").write_text("{}\n", encoding="utf-8")
    labels = (
        "reward: {labels: {coded: {kind: code, program: reward.py}, "
        "quality: {kind: judge, model: {backend: openai, model: m, base_url: 'http://x'}, "
        "rubric: {nuggets: {file: facts.jsonl}}}}}\n"
    )

    reward = load_suite(write(tmp_path, PLAIN + labels)).spec.reward

    assert getattr(reward.labels["coded"], "program", None) == str(tmp_path / "reward.py")
    assert str(tmp_path / "facts.jsonl") in reward.model_dump_json()
