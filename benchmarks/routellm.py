"""Routing between a strong and a weak model from the prompt alone, by RouteLLM's own protocol.

    python benchmarks/routellm.py [--recording FOLDER] [--benchmarks gsm8k mmlu] [--seeds 0 1 2]

It reads RouteLLM's recordings (arXiv 2406.18665): whether GPT-4-1106 and Mixtral-8x7B answered each
prompt of GSM8K and MMLU rightly; prompts that its lists call contaminated are left out. A router
gives every prompt a score; the share of prompts with the highest scores goes to the strong model.
As its evaluation does, eleven thresholds are set at the deciles of the scores, and from accuracy
over the share of strong calls follow

    CPT50, CPT80   least share of strong calls that gains 50% or 80% of the way from the weak
                   model's accuracy to the strong one's (lower is better)
    APGR           mean share of that way over all shares of strong calls (higher is better)

Beside the published figures stand three trivial routers. Ours is the choice policy (hashed n-grams
of the prompt and the facts of the two models) in two ways: in-domain (five folds, so that no prompt
is scored by a policy that saw it) and out of domain (trained on the other benchmark alone). The
published routers were trained on preference data of other prompts, so that the in-domain figures
are no fair comparison with them, only with the trivial routers, which are in-domain too.
"""

import argparse
import statistics
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from agentrl.agents.choice.layout import Layout, ngrams
from agentrl.agents.choice.policy import ChoicePolicy, scratch_policy
from agentrl.orchestrator.replay.read import read_recording
from agentrl.orchestrator.replay.table import Table, read_table
from agentrl.orchestrator.standing import CHOICE_FACTS
from benchmarks.zeroeval_policy import Game

DATA = Path(__file__).parents[2] / "shared/data/routellm"
STRONG, WEAK = "gpt-4-1106-preview", "mistralai/Mixtral-8x7B-Instruct-v0.1"
FILES = {"gsm8k": "gsm8k_responses.csv", "mmlu": "mmlu"}
PUBLISHED = {
    "gsm8k": {
        "published: random": (50.0, 80.1, 0.497),
        "published: best of eight (augmented causal LLM)": (33.64, 63.26, 0.622),
    },
    "mmlu": {
        "published: random": (50.1, 79.9, 0.500),
        "published: best of eight (augmented SW ranking)": (35.40, 71.55, 0.603),
    },
}
FOLDS = 5
COLUMNS = 1024
"""Columns for the hashed n-grams of a prompt."""

Scores = NDArray[np.float64]
Router = Callable[[Table, Table, int], Scores]
"""Scores the prompts of the second table, having learnt from the first; with a seed."""


@dataclass(frozen=True, slots=True)
class Quality:
    """How good a router is."""

    cpt50: float
    cpt80: float
    apgr: float


def quality(scores: Scores, strong: NDArray[np.bool_], weak: NDArray[np.bool_]) -> Quality:
    """Return what a router's scores come to by RouteLLM's evaluation.

    Args:
        scores: of each prompt; the higher, the sooner it goes to the strong model.
        strong: whether the strong model is right.
        weak: whether the weak one is.
    """
    edges = np.quantile(scores, np.linspace(0, 1, 11))
    shares, accuracies = [], []
    for number, edge in enumerate(edges):
        routed = scores > edge if number == len(edges) - 1 else scores >= edge
        shares.append(100 * float(routed.mean()))
        accuracies.append(100 * float(np.where(routed, strong, weak).mean()))
    order = np.argsort(shares, kind="stable")
    share, accuracy = np.array(shares)[order], np.array(accuracies)[order]
    low, high = 100 * float(weak.mean()), 100 * float(strong.mean())
    cpt50, cpt80 = (
        float(np.interp(low + part * (high - low), accuracy, share)) for part in (0.5, 0.8)
    )
    area, width = _area(accuracy, share), float(share[-1] - share[0])
    return Quality(cpt50, cpt80, (area - low * width) / ((high - low) * width))


def _area(height: Scores, place: Scores) -> float:
    return float(((height[1:] + height[:-1]) / 2 * np.diff(place)).sum())


def by_length(known: Table, asked: Table, seed: int) -> Scores:
    """Score a prompt by its length alone; nothing is learnt."""
    return np.array([float(len(item.question)) for item in asked.items])


def by_subject(known: Table, asked: Table, seed: int) -> Scores:
    """Score a prompt by how much better the strong model does on its subject."""
    gain = _gain(known)
    groups = np.array([item.group for item in known.items])
    means = {str(group): float(gain[groups == group].mean()) for group in np.unique(groups)}
    # A little of the length tells prompts of a subject apart, so that deciles can be cut.
    length = by_length(known, asked, seed) * 1e-9
    return np.array([means.get(item.group, float(gain.mean())) for item in asked.items]) + length


def by_words(known: Table, asked: Table, seed: int) -> Scores:
    """Score a prompt by ridge regression on TF-IDF and its length."""
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.linear_model import Ridge
    from sklearn.pipeline import FeatureUnion, Pipeline
    from sklearn.preprocessing import FunctionTransformer

    words = TfidfVectorizer(ngram_range=(1, 2), min_df=2, sublinear_tf=True)
    both = FeatureUnion([("words", words), ("length", FunctionTransformer(_lengths))])
    model = Pipeline([("features", both), ("ridge", Ridge(alpha=1.0))])
    model.fit([item.question for item in known.items], _gain(known))
    scores: Scores = model.predict([item.question for item in asked.items])
    return scores


def _lengths(texts: Sequence[str]) -> Scores:
    return np.log1p([float(len(text)) for text in texts])[:, None]


def by_choice(known: Table, asked: Table, seed: int) -> Scores:
    """Score a prompt by how much sooner a choice policy asks the strong model than the weak one."""
    skills = known.correct.mean(0)
    policy = choosing(known, skills, seed)
    (facts, texts), score = _rows(asked, skills), policy.score
    hidden_facts, hidden_text = np.split(policy.hidden, [len(CHOICE_FACTS)])
    text = texts @ hidden_text + policy.bias
    strong, weak = (np.tanh(facts[:, model] @ hidden_facts + text) @ score for model in (0, 1))
    scores: Scores = (strong - weak).astype(np.float64)
    return scores


def choosing(
    table: Table,
    skills: Scores,
    seed: int,
    *,
    epochs: int = 20,
    entropy: float = 0.3,
    width: int = 16,
    decay: float = 0.02,
) -> ChoicePolicy:
    """Return a choice policy that was trained to choose one of two models for a prompt.

    It follows the exact gradient of the mean reward: right less what the strong model costs, which
    is set so that on average both are worth the same. The bonus for being undecided makes scores
    differ by how much more the strong model is expected to earn, which is what ranks prompts.
    """
    torch.manual_seed(seed)
    chance = np.random.default_rng([seed, 5])
    facts, texts = (torch.from_numpy(part) for part in _rows(table, skills))
    gain = torch.from_numpy(_gain(table)).float()
    gain = gain - gain.mean()
    policy = scratch_policy(Layout(CHOICE_FACTS, COLUMNS), width, seed)
    weights = [torch.from_numpy(part.copy()).requires_grad_() for part in policy.weights]
    hidden, bias, score = weights
    optimiser = torch.optim.AdamW(weights, lr=5e-3, weight_decay=decay)
    size = 128
    for epoch in range(epochs):
        for group in optimiser.param_groups:
            group["lr"] = 5e-3 * (1 - epoch / epochs)
        for some in np.array_split(chance.permutation(len(table)), -(-len(table) // size)):
            items = torch.from_numpy(some)
            text = texts[items] @ hidden[len(CHOICE_FACTS) :] + bias
            shown = facts[items] @ hidden[: len(CHOICE_FACTS)] + text[:, None]
            likely = (torch.tanh(shown) @ score).log_softmax(1)
            spread = -(likely.exp() * likely).sum(1)
            value = likely[:, 0].exp() * gain[items] + entropy * spread
            optimiser.zero_grad()
            (-value.mean()).backward()  # type: ignore[no-untyped-call]
            optimiser.step()
    trained = [part.detach().numpy() for part in weights]
    return ChoicePolicy(policy.layout, trained[0], trained[1], trained[2], epochs)


def _rows(table: Table, skills: Scores) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Return the facts of asking each model first, and the prompts' n-grams."""
    game = Game(table, skills, asks=1)
    nobody = np.full((len(table), 2), 1_000)
    facts, _, _ = game.facts(np.arange(len(table)), nobody, np.zeros(len(table)))
    texts = np.stack([ngrams(item.question, COLUMNS) for item in table.items])
    return facts[:, :2].copy(), texts


def _gain(table: Table) -> Scores:
    gain: Scores = table.correct[:, 0].astype(np.float64) - table.correct[:, 1]
    return gain


def in_folds(router: Router, table: Table, seed: int) -> Scores:
    """Return scores of prompts by routers that did not see them."""
    order = np.random.default_rng([seed, 13]).permutation(len(table))
    scores = np.zeros(len(table))
    for fold in range(FOLDS):
        asked = np.sort(order[fold::FOLDS])
        known = np.setdiff1d(order, asked)
        scores[asked] = router(table.of(known), table.of(asked), seed)
    return scores


IN_DOMAIN: Mapping[str, Router] = {
    "prompt length alone": by_length,
    "subject means, 5 folds": by_subject,
    "TF-IDF and length, ridge, 5 folds": by_words,
    "choice policy, in-domain, 5 folds": by_choice,
}


def report(name: str, table: Table, others: Mapping[str, Table], seeds: Sequence[int]) -> None:
    """Print one benchmark."""
    strong, weak = table.correct[:, 0], table.correct[:, 1]
    print(
        f"\n{name}: {len(table)} prompts; strong {100 * strong.mean():.2f}%, "
        f"weak {100 * weak.mean():.2f}%"
    )
    print(f"  {'router':50} CPT50  CPT80   APGR")
    for router, figures in PUBLISHED.get(name, {}).items():
        _show(router, [Quality(*figures)])
    chance = [np.random.default_rng(seed).random(len(table)) for seed in seeds]
    _show("random", [quality(scores, strong, weak) for scores in chance])
    one_subject = len({item.group for item in table.items}) == 1
    for router, scored in IN_DOMAIN.items():
        if router.startswith("subject") and one_subject:
            continue
        found = [quality(in_folds(scored, table, s), strong, weak) for s in seeds]
        _show(router, found)
    for other, known in others.items():
        found = [quality(by_choice(known, table, s), strong, weak) for s in seeds]
        _show(f"choice policy, out of domain (from {other})", found)
        words = [quality(by_words(known, table, 0), strong, weak)]
        _show(f"TF-IDF and length, out of domain (from {other})", words)


def _show(router: str, found: Sequence[Quality]) -> None:
    figures = [
        statistics.mean(getattr(q, key) for q in found) for key in ("cpt50", "cpt80", "apgr")
    ]
    spread = f"  ({min(q.apgr for q in found):.3f} to {max(q.apgr for q in found):.3f})"
    same = len(found) == 1 or len({q.apgr for q in found}) == 1
    print(
        f"  {router:50} {figures[0]:5.2f}  {figures[1]:5.2f}  {figures[2]:.3f}"
        f"{'' if same else spread}",
        flush=True,
    )


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--recording", type=Path, default=DATA, help="folder with the CSV files")
    parser.add_argument("--benchmarks", nargs="*", default=list(FILES), choices=list(FILES))
    parser.add_argument("--seeds", type=int, nargs="*", default=[0, 1, 2])
    asked = parser.parse_args()
    if not asked.recording.exists() and asked.recording == DATA:
        print(f"no recording at {DATA}: give yours with --recording")
        return
    torch.set_num_threads(1)
    models = (STRONG, WEAK)
    tables = {
        name: read_table(
            read_recording(
                "routellm", str(asked.recording / file), (), frozenset(models), texts=False
            ),
            models,
        )
        for name, file in FILES.items()
    }
    for name in asked.benchmarks:
        others = {other: table for other, table in tables.items() if other != name}
        report(name, tables[name], others, asked.seeds)


if __name__ == "__main__":
    main()
