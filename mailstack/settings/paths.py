"""Places in the settings, as sentences name them."""

from __future__ import annotations

import re

Part = str | int


def key_path(*parts: Part) -> str:
    """Write a place in the settings as `pulumi config set --path` takes it: mailstack:domains["example.com"].ttl."""
    text = f"mailstack:{parts[0]}"
    for part in parts[1:]:
        if isinstance(part, int):
            text += f"[{part}]"
        elif re.fullmatch(r"[\w-]+", part):
            text += f".{part}"
        else:
            text += f'["{part}"]'
    return text
