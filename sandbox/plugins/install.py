"""Put the stand-ins where the engine keeps plugins, under the versions that the installed SDKs ask for.

On PATH they would serve any version, and every run would warn that it took them from there.
"""

from __future__ import annotations

from importlib.metadata import version
from pathlib import Path

NAMES = ("aws", "cloudflare")


def install(home: Path) -> None:
    """Link the stand-ins into a PULUMI_HOME; one of another version is left for who still asks for it."""
    for name in NAMES:
        executable = f"pulumi-resource-{name}"
        link = home / "plugins" / f"resource-{name}-v{version(f'pulumi_{name}')}" / executable
        link.parent.mkdir(parents=True, exist_ok=True)
        link.unlink(missing_ok=True)
        link.symlink_to(Path(__file__).resolve().parent / "bin" / executable)
