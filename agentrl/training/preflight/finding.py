"""What a check found."""

from dataclasses import dataclass
from enum import StrEnum


class Verdict(StrEnum):
    """How bad it is."""

    OK = "ok"
    WARNING = "warning"
    """Training can go on, and may come to nothing."""
    PROBLEM = "problem"
    """Training cannot work."""


@dataclass(frozen=True, slots=True)
class Finding:
    """What one check found, and what to do about it."""

    name: str
    """What was looked at, in a word."""
    verdict: Verdict
    says: str
    """What was found, with its numbers."""
    remedy: str = ""
    """What to do; empty where all is well."""

    def __str__(self) -> str:
        return f"{self.name}: {self.says}" + (f"; {self.remedy}" if self.remedy else "")
