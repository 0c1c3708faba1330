"""Pure planning: settings and a catalog of vendors in, a frozen Plan out."""

from __future__ import annotations

from .domains import foreign_reports
from .make import plan, require
from .model import Finding, Login, Plan, Route
from .names import resource_name
from .records import Pending, PlannedRecord, replaced_slots, siblings

__all__ = [
    "Finding",
    "Login",
    "Pending",
    "Plan",
    "PlannedRecord",
    "Route",
    "foreign_reports",
    "plan",
    "replaced_slots",
    "require",
    "resource_name",
    "siblings",
]
