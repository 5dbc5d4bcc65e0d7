"""Long text made to fit into an observation."""


def shortened(text: str, limit: int) -> str:
    r"""Return the text, or its beginning and end around a line that says how much is missing.

    >>> shortened("1234567890", 4)
    '12\n[... 6 characters left out ...]\n90'
    """
    if len(text) <= limit:
        return text
    head, tail = limit - limit // 2, limit // 2
    note = f"\n[... {len(text) - limit:,} characters left out ...]\n"
    return text[:head] + note + text[len(text) - tail :]
