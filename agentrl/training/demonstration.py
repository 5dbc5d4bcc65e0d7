"""Expert episodes as a model would have played them: the known solution, in the model's tokens."""

from collections.abc import Mapping

from agentrl.agents.base import Action, Needs, View
from agentrl.agents.conversation import Conversation, Prompt
from agentrl.agents.llm import choices_of, system_prompt
from agentrl.agents.parsers.table import PARSERS
from agentrl.episode import Generation, Sampling, Usage
from agentrl.errors import ContextFullError
from agentrl.models.chat import HFChatTokenizer
from agentrl.models.trie import TrieNode, choice_trie
from agentrl.suite.spec import AgentSpec

EXPERT = "expert"


class DemonstrationAgent:
    """Plays the known solution and records it token for token, as the policy is to say it.

    Where the policy chooses among legal actions, so does the record: each token then teaches which
    of the possible ones is right, not how to spell.
    """

    name = EXPERT

    def __init__(
        self, spec: AgentSpec, tokenizer: HFChatTokenizer, context_window: int | None
    ) -> None:
        self._spec = spec
        self.tokenizer = tokenizer
        self.context_window = context_window

    @property
    def needs(self) -> Needs:
        """The known solution, and the legal actions where the policy is held to them."""
        choices = Needs.LEGAL_ACTIONS if self._spec.constrain else Needs.NOTHING
        return Needs.EXPERT_ACTION | choices

    async def start(self) -> None:
        """Nothing to make ready."""

    def session(self, episode_id: str, instructions: str, seed: int) -> "DemonstrationSession":
        """Open an episode with the system prompt that the policy gets."""
        system = system_prompt(self._spec, instructions)
        return DemonstrationSession(self._spec, self.tokenizer, Conversation(system, self))

    async def close(self) -> None:
        """Nothing to give back."""


class DemonstrationSession:
    """One episode of the known solution."""

    def __init__(
        self, spec: AgentSpec, tokenizer: HFChatTokenizer, conversation: Conversation
    ) -> None:
        self._spec = spec
        self._tokenizer = tokenizer
        self._conversation = conversation

    async def act(self, view: View) -> Action | None:
        """Return the solution's next action; None where no solution is known.

        Raises:
            ContextFullError: the policy could not have said it within its context.
        """
        if view.expert_action is None:
            return None
        self._conversation.observe(view.observation)
        text = PARSERS[self._spec.parser].write(view.expert_action)
        tokens = (*self._tokenizer.encode_plain(text), self._tokenizer.end_of_turn_id)
        if len(tokens) > self._spec.sampling.max_tokens:
            raise ContextFullError(
                f"the known solution's action {view.expert_action!r} takes {len(tokens)} tokens, "
                f"more than agent.sampling.max_tokens = {self._spec.sampling.max_tokens}"
            )
        prompt = self._conversation.prompt(room=len(tokens))
        generation = self._generation(text, tokens, prompt, choices_of(self._spec, view))
        self._conversation.answer(prompt, generation)
        return Action(view.expert_action, (generation,), _NO_SIGNALS)

    def _generation(
        self,
        text: str,
        tokens: tuple[int, ...],
        prompt: Prompt,
        choices: tuple[str, ...] | None,
    ) -> Generation:
        return Generation(
            text=text,
            finish_reason="stop",
            model=EXPERT,
            sampling=Sampling(max_tokens=self._spec.sampling.max_tokens),
            usage=Usage(len(prompt.token_ids or ()), len(tokens)),
            token_ids=tokens,
            # Nobody sampled them; what a policy thinks of them is for the loss to compute.
            logprobs=(0.0,) * len(tokens),
            prompt_token_ids=prompt.token_ids,
            allowed=_allowed(tokens, choices, self._tokenizer),
        )


_NO_SIGNALS: Mapping[str, float] = {}


def _allowed(
    tokens: tuple[int, ...], choices: tuple[str, ...] | None, tokenizer: HFChatTokenizer
) -> tuple[tuple[int, ...] | None, ...] | None:
    """Return the ids that each token is chosen from; None where the solution is not a choice."""
    if choices is None:
        return None
    node: TrieNode | None = choice_trie(choices, tokenizer)
    allowed = []
    for token in tokens:
        if node is None or token not in node.children:
            return None
        allowed.append(node.allowed)
        node = node.children[token]
    return tuple(allowed)
