"""The vendors' SMTP endpoints on this machine, and a receiver that judges what they send."""

from __future__ import annotations

from sandbox.smtp.world import SmtpWorld

__all__ = ["SmtpWorld"]
