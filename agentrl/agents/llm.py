"""The agent that is a language model: prompt, conversation, parser."""

import hashlib
from collections.abc import Sequence
from dataclasses import replace

from agentrl.agents.base import Action, Needs, View
from agentrl.agents.conversation import Conversation
from agentrl.agents.parsers.base import Parsed, Parser
from agentrl.agents.parsers.table import PARSERS
from agentrl.episode import Generation, Sampling
from agentrl.errors import ContextFullError
from agentrl.models.base import Model, Request
from agentrl.suite.spec import AgentSpec
from agentrl.suite.strategies import with_strategy


class LLMAgent:
    """A model that is shown observations and whose answers are parsed into actions."""

    def __init__(self, model: Model, spec: AgentSpec) -> None:
        """Put an agent together.

        Args:
            model: not yet started; the agent starts and closes it.
            spec: the ``agent`` section of a suite.
        """
        self._model = model
        self._spec = spec

    @property
    def name(self) -> str:
        """The model's name."""
        return self._model.name

    @property
    def needs(self) -> Needs:
        """The legal actions, where the model may choose only among them."""
        return Needs.LEGAL_ACTIONS if self._spec.constrain else Needs.NOTHING

    async def start(self) -> None:
        """Start the model."""
        await self._model.start()

    def session(self, episode_id: str, instructions: str, seed: int) -> "LLMSession":
        """Open an episode with the system prompt of the suite."""
        return LLMSession(self._model, self._spec, episode_id, instructions, seed)

    async def close(self) -> None:
        """Close the model."""
        await self._model.close()


class LLMSession:
    """One conversation with a model."""

    def __init__(
        self, model: Model, spec: AgentSpec, episode_id: str, instructions: str, seed: int
    ) -> None:
        self._model = model
        self._parser = PARSERS[spec.parser]
        self._spec = spec
        self._may_forget = spec.history == "drop_oldest"
        self._sampling = Sampling(**spec.sampling.model_dump())
        self._conversation = Conversation(system_prompt(spec, instructions), model)
        self._episode_id = episode_id
        self._seed = seed
        self._turn = 0

    async def act(self, view: View) -> Action:
        """Ask the model and return its action, or what was wrong with its answer."""
        self._conversation.observe(view.observation)
        choices = choices_of(self._spec, view)
        sampling = replace(self._sampling, seed=turn_seed(self._seed, self._turn))
        generation = await self._generate(sampling, choices)
        self._turn += 1
        parsed = _parse(generation, self._parser)
        signals = {"constrained": float(choices is not None)} if self._spec.constrain else {}
        if parsed.action is None:
            refused = {**signals, "format_ok": 0.0}
            return Action(generation.text, (generation,), refused, parsed.refusal)
        return Action(parsed.action, (generation,), signals)

    async def _generate(self, sampling: Sampling, choices: tuple[str, ...] | None) -> Generation:
        """Ask until the conversation fits, forgetting its oldest turns where that is allowed."""
        while True:
            try:
                prompt = self._conversation.prompt(room=sampling.max_tokens)
                generation = await self._model.generate(
                    Request(prompt.messages, sampling, prompt.token_ids, choices, self._episode_id)
                )
            except ContextFullError:
                if not (self._may_forget and self._conversation.forget_oldest()):
                    raise
            else:
                self._conversation.answer(prompt, generation)
                return generation


def turn_seed(seed: int, turn: int) -> int:
    """Return the sampling seed of one turn: 31 bits, the same on every machine.

    >>> turn_seed(7, 0) == turn_seed(7, 0) != turn_seed(7, 1)
    True
    """
    digest = hashlib.sha256(f"turn:{seed}:{turn}".encode()).digest()
    return int.from_bytes(digest[:4], "big") >> 1


def system_prompt(spec: AgentSpec, instructions: str) -> str:
    """Return the first message of an episode: the suite's, or the world's and the parser's."""
    if spec.prompt is not None:
        return with_strategy(spec.prompt.replace("{instructions}", instructions), spec.strategy)
    told = with_strategy(instructions, spec.strategy)
    return "\n\n".join(filter(None, (told, PARSERS[spec.parser].instructions)))


def choices_of(spec: AgentSpec, view: View) -> tuple[str, ...] | None:
    """Return the only answers allowed; None where any is, or the world cannot list them."""
    if not spec.constrain or not view.legal_actions:
        return None
    return tuple(dict.fromkeys(map(PARSERS[spec.parser].write, view.legal_actions)))


def _parse(generation: Generation, parser: Parser) -> Parsed:
    """Parse an answer; the end of an action that served as a stop text is put back first."""
    text = generation.text
    if generation.finish_reason == "stop":
        ends = generation.sampling.stop
        text += parser.close if parser.close in ends else _left_open(text, ends)
    return parser.parse(text, cut=generation.finish_reason == "length")


def _left_open(text: str, ends: Sequence[str]) -> str:
    """Return the closing tag, among stop texts, of a tag that a text leaves open; else nothing.

    >>> _left_open("<answer>42", ("</search>", "</answer>"))
    '</answer>'
    """
    for end in ends:
        begin = end.replace("</", "<", 1)
        if begin != end and text.count(begin) > text.count(end):
            return end
    return ""
