"""The rewards that have a name, with what each is for."""

import re
from collections.abc import Sequence
from dataclasses import asdict, dataclass

from rich.table import Table
from rich.text import Text

from agentrl.suite.reward.presets import preset_names, preset_yaml

_ARXIV = re.compile(r"arXiv[: ]*(\d{4}\.\d{4,5})", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Preset:
    """A reward by the name of its paper."""

    name: str
    purpose: str
    """The first sentence of its file's comment."""
    papers: tuple[str, ...]
    """arXiv ids that the comment names."""

    def to_json(self) -> dict[str, object]:
        """Return the preset as JSON values."""
        return asdict(self)


def presets() -> list[Preset]:
    """Return all presets, by name."""
    return [_read(name, preset_yaml(name)) for name in preset_names()]


def _read(name: str, text: str) -> Preset:
    """Return what the comment at the head of a preset's file says.

    >>> _read("x", "# Only solved ones\\n# count (arXiv 2508.05170). More.\\nterms: {}\\n").purpose
    'Only solved ones count'
    """
    lines = []
    for line in text.splitlines():
        if not line.startswith("#"):
            break
        lines.append(line.lstrip("# ").rstrip())
    comment = " ".join(filter(None, lines))
    bare = re.sub(r"\s*\([^()]*arXiv[^()]*\)", "", comment, flags=re.IGNORECASE)
    sentence = re.split(r"(?<=[.:])\s", bare, maxsplit=1)[0].rstrip(".:")
    return Preset(name, sentence, tuple(dict.fromkeys(_ARXIV.findall(comment))))


def preset_table(found: Sequence[Preset]) -> Table:
    """Return presets as a table."""
    table = Table("preset", "what it does", "arXiv", box=None, padding=(0, 2, 0, 0))
    for preset in found:
        papers = ", ".join(preset.papers)
        table.add_row(Text(preset.name, style="bold"), Text(preset.purpose), papers)
    return table
