"""What every section of a suite shares."""

from pydantic import BaseModel, ConfigDict


class Section(BaseModel):
    """A part of a suite: frozen, and closed against keys that it does not know."""

    model_config = ConfigDict(
        frozen=True, extra="forbid", use_attribute_docstrings=True, allow_inf_nan=False
    )
