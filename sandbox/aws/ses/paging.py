"""Lists in pages, as SES API v2 gives them."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Sequence
from typing import Any

from sandbox.aws.errors import AwsError


def page(member: str, rows: Sequence[Any], params: dict[str, Any]) -> dict[str, Any]:
    """Give one page of a list: PageSize rows (1000 without) from where NextToken says, and the next token if any."""
    start = 0
    token = params.get("NextToken")
    if token:
        try:
            start = int(base64.urlsafe_b64decode(token).decode())
        except (ValueError, binascii.Error):
            raise AwsError("BadRequestException", "The NextToken is not valid.") from None
    size = int(params.get("PageSize") or 1000)
    if not 0 <= size <= 1000:
        raise AwsError("BadRequestException", "The PageSize must be between 0 and 1000.")
    answer: dict[str, Any] = {member: list(rows[start : start + size])}
    if start + size < len(rows):
        answer["NextToken"] = base64.urlsafe_b64encode(str(start + size).encode()).decode()
    return answer
