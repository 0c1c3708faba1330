"""A mail cloud on this machine: AWS, Cloudflare, DNS and SMTP in one process, for the stack `local` and for tests."""

# Cheap on purpose: what is heavy is imported by the process that start() starts.
from sandbox.environment import environment
from sandbox.lifecycle import SandboxError, start, status, stop

__all__ = ["SandboxError", "environment", "start", "status", "stop"]
