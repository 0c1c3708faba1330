"""The Pulumi engine as the commands use it: found, checked for its age, and run in the project's folder."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from mailstack.errors import CommandError, EngineError

OLDEST = (3, 220, 0)
OLDEST_TEXT = ".".join(map(str, OLDEST))


def project_root(start: Path | None = None) -> Path:
    """Return the nearest folder from `start` (default: here) upwards that holds a Pulumi.yaml."""
    start = (start or Path.cwd()).resolve()
    for folder in (start, *start.parents):
        if (folder / "Pulumi.yaml").is_file():
            return folder
    raise CommandError(
        f"neither {start} nor a folder above it holds a Pulumi.yaml; run this in the folder of your mailstack project"
    )


@dataclass(frozen=True)
class Engine:
    """The `pulumi` to run, and the project that it runs in."""

    root: Path

    @cached_property
    def pulumi(self) -> Path:
        """Return the `pulumi` on PATH, else the one that `tools/pulumi/build` made; raises CommandError."""
        found = shutil.which("pulumi", path=search_path(os.environ.get("PATH", os.defpath)))
        if found is None:
            raise CommandError(
                f"there is no `pulumi` on PATH: install Pulumi {OLDEST_TEXT} or later "
                "(https://www.pulumi.com/docs/install/), or run `tools/pulumi/build` in the project to build it"
            )
        answer = self._start([found, "version"]).stdout.strip()
        version = re.match(r"v?(\d+)\.(\d+)\.(\d+)", answer)
        if version is None or tuple(map(int, version.groups())) < OLDEST:
            raise CommandError(
                f"{found} is version {answer or '(unknown)'}, but the project needs {OLDEST_TEXT} or later: update it "
                "(https://www.pulumi.com/docs/install/), or take it off PATH and run `tools/pulumi/build`"
            )
        return Path(found)

    def run(
        self, *arguments: str, more: Mapping[str, str] | None = None, given: str = ""
    ) -> subprocess.CompletedProcess[str]:
        """Run one pulumi command and capture what it prints, whatever its exit code. No argument may hold a secret.

        more: added to its environment. given: its standard input.
        """
        return self._start([str(self.pulumi), *arguments, "--non-interactive", "--color", "never"], more or {}, given)

    def read(self, *arguments: str, given: str = "") -> str:
        """Run one pulumi command and return its standard output; raises EngineError with pulumi's own words."""
        result = self.run(*arguments, given=given)
        if result.returncode:
            said = words(result.stderr or result.stdout)
            raise EngineError(f"`pulumi {' '.join(arguments[:2])}` failed: {said}", said)
        return result.stdout

    def _start(
        self, command: Sequence[str], more: Mapping[str, str] | None = None, given: str = ""
    ) -> subprocess.CompletedProcess[str]:
        environment = {
            **os.environ,
            **(more or {}),
            "PATH": search_path(os.environ.get("PATH", os.defpath)),
            "PULUMI_SKIP_UPDATE_CHECK": "true",
        }
        try:
            return subprocess.run(
                command,
                cwd=self.root,
                env=environment,
                input=given,
                capture_output=True,
                encoding="utf-8",
                errors="replace",
                check=False,
            )
        except OSError as error:
            raise CommandError(
                f"{command[0]} cannot be run: {error.strerror}; install Pulumi {OLDEST_TEXT} or later for this machine "
                "(https://www.pulumi.com/docs/install/)"
            ) from None


def search_path(path: str) -> str:
    """Return PATH as an engine that was built here needs it; unchanged where `pulumi` is installed.

    Its folder comes first, and this interpreter's: its language host runs the first `python3` that it finds.
    """
    if shutil.which("pulumi", path=path) or not (built_here() / "pulumi").exists():
        return path
    return os.pathsep.join([str(Path(sys.executable).parent), str(built_here()), path])


def built_here() -> Path:
    """Return the folder in which `tools/pulumi/build` puts the programs that it builds."""
    named = Path(os.environ.get("XDG_CACHE_HOME", ""))
    cache = named if named.is_absolute() else Path.home() / ".cache"
    return cache / "mailstack" / f"pulumi-{OLDEST_TEXT}" / "bin"


def words(printed: str) -> str:
    """Return pulumi's words as one line, without its `error:` prefixes."""
    lines = (re.sub(r"^(error:\s*)+", "", line.strip()) for line in printed.splitlines())
    return "; ".join(line for line in lines if line) or "it said nothing"
