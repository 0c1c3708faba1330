"""A mail cloud on this machine for the stack `local` and for tests: AWS, Cloudflare, Resend, DNS and SMTP."""

# Cheap on purpose: what is heavy is imported by the process that start() starts.
from sandbox.environment import environment
from sandbox.lifecycle import SandboxError, start, status, stop

__all__ = ["SandboxError", "environment", "start", "status", "stop"]
