"""Pure planning: settings and a catalog of vendors in, a frozen Plan out."""

from __future__ import annotations

from .model import Finding, Login, Plan, Route
from .records import Pending, PlannedRecord, siblings

__all__ = ["Finding", "Login", "Pending", "Plan", "PlannedRecord", "Route", "siblings"]
