"""The `mailstack` command."""

from __future__ import annotations

from cli.app import main

__all__ = ["main"]
