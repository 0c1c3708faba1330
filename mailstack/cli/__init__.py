"""The `mailstack` command."""

from __future__ import annotations

from mailstack.cli.app import main

__all__ = ["main"]
