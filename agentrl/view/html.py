"""Text that is safe to stand in a page, and the page that holds it.

What agents and worlds said is hostile by default: an observation may hold ``<script>``. It reaches
a page in two ways only, as escaped text or as JSON in a data block that no browser runs.
"""

import base64
import hashlib
import html
import json
from importlib.resources import files
from string import Template
from typing import Any


def escape(text: object) -> str:
    """Return a value's text for use between tags or in a quoted attribute."""
    return html.escape(str(text), quote=True)


def data_block(element_id: str, value: Any) -> str:
    """Return a ``<script type="application/json">`` that holds a JSON value.

    Inside such a block only ``<`` can mean anything to a browser (``</script>``, ``<!--``), so it
    is written as an escape that JSON knows.
    """
    text = json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    text = text.replace("<", "\\u003c")
    return f'<script type="application/json" id="{escape(element_id)}">{text}</script>\n'


def encode(text: str) -> bytes:
    """Return a page's text as UTF-8; a lone surrogate, which has no UTF-8 form, becomes ``?``."""
    return text.encode("utf-8", errors="replace")


def asset(name: str) -> str:
    """Return a file that is shipped beside this module."""
    return files("agentrl.view").joinpath("assets", name).read_text(encoding="utf-8")


def page(body_template: str, style: str, script: str, values: dict[str, str]) -> str:
    """Fill a page's template. ``values`` must be safe already.

    The page's policy lets it load nothing and run no script but ``script``.
    """
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    policy = (
        f"default-src 'none'; script-src 'sha256-{digest}'; style-src 'unsafe-inline'; "
        f"img-src data:; base-uri 'none'; form-action 'none'"
    )
    return Template(body_template).substitute(values, style=style, script=script, policy=policy)
