"""A Pulumi project of its own for a test: the real program, engine and plugin against the sandbox."""

from __future__ import annotations

import json
import os
import re
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).resolve().parents[2]
STACK = "test"
# What no run may say that succeeds; the last is the SDK's warning of an Output that the program took for a text.
_LOUD = re.compile(r"\b(error|warning):|Calling __str__")


class RunFailed(AssertionError):
    """A pulumi command that should have succeeded did not; the message holds what it printed."""


def assert_quiet(printed: str, warns: Sequence[str] = ()) -> None:
    """Assert that a run that succeeded reported no error, and no warning but those that hold a text of `warns`."""
    loud = [line for line in printed.splitlines() if _LOUD.search(line) and not any(text in line for text in warns)]
    assert not loud, "\n".join(["the run succeeded, and yet it said:", *loud, "", printed])


class Project:
    """One project folder with one stack; every command is the real `pulumi`.

    `warns` are the warnings that the test expects: a text of each.
    """

    def __init__(self, folder: Path, environment: Mapping[str, str], stack: str = STACK) -> None:
        """Lay the folder out: the repository's program, plugin and virtual environment, a state of its own."""
        self.folder, self.stack, self.warns = folder, stack, list[str]()
        (folder / "stacks").mkdir(parents=True)
        (folder / "state").mkdir()
        project = yaml.safe_load((ROOT / "Pulumi.yaml").read_text())
        project["runtime"]["options"] = {"toolchain": "pip", "virtualenv": str(ROOT / ".venv")}
        project["plugins"]["providers"][0]["path"] = str(ROOT / "plugin")
        (folder / "Pulumi.yaml").write_text(yaml.safe_dump(project))
        (folder / "__main__.py").write_text((ROOT / "__main__.py").read_text())
        self.environment = {
            **environment,
            "PULUMI_BACKEND_URL": f"file://{folder / 'state'}",
            "PULUMI_RUNTIME_VIRTUALENV": str(ROOT / ".venv"),
            "PULUMI_STACK": stack,
        }

    def configure(self, **config: Any) -> None:
        """Write the stack's file: keyword `senders` becomes mailstack:senders; `aws__region` becomes aws:region."""
        values = {"aws:region": "eu-west-1"}
        for key, value in config.items():
            values[key.replace("__", ":") if "__" in key else f"mailstack:{key}"] = value
        path = self.folder / "stacks" / f"Pulumi.{self.stack}.yaml"
        kept = yaml.safe_load(path.read_text()) if path.exists() else {}
        path.write_text(yaml.safe_dump({**kept, "config": values}, sort_keys=False))
        if not self._checkpoint().exists():
            self.run("stack", "init", self.stack)

    def use(self, stack: str) -> None:
        """Go on with another stack of the project, such as this one under its new name."""
        self.stack = self.environment["PULUMI_STACK"] = stack

    def _checkpoint(self) -> Path:
        project = str(yaml.safe_load((self.folder / "Pulumi.yaml").read_text())["name"])
        return self.folder / "state" / ".pulumi" / "stacks" / project / f"{self.stack}.json"

    def run(self, *arguments: str, check: bool = True, timeout: float = 180) -> subprocess.CompletedProcess[str]:
        """Run one pulumi command and return what it printed; raises RunFailed when it hangs or, checked, fails.

        One that succeeds must have reported no error and no warning that the test does not expect.
        """
        try:
            result = subprocess.run(
                ["pulumi", *arguments, "--non-interactive", "--color", "never"],
                cwd=self.folder,
                env={**os.environ, **self.environment},
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                timeout=timeout,
                check=False,
            )
        except subprocess.TimeoutExpired as hung:
            printed = (hung.stdout or b"").decode()
            raise RunFailed(f"pulumi {' '.join(arguments)} did not end in {timeout:.0f} s:\n{printed}") from None
        if check and result.returncode != 0:
            printed = result.stdout + result.stderr
            raise RunFailed(f"pulumi {' '.join(arguments)} failed ({result.returncode}):\n{printed}")
        if result.returncode == 0:
            assert_quiet(result.stdout + result.stderr, self.warns)
        return result

    def start(self, *arguments: str, **options: Any) -> subprocess.Popen[str]:
        """Start one pulumi command in a session of its own, to be interrupted or killed."""
        return subprocess.Popen(
            ["pulumi", *arguments, "--non-interactive", "--color", "never"],
            cwd=self.folder,
            env={**os.environ, **self.environment},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
            **options,
        )

    def up(self, *arguments: str, check: bool = True) -> subprocess.CompletedProcess[str]:
        """Run `pulumi up` without the preview that a user would see first."""
        return self.run("up", "--yes", "--skip-preview", *arguments, check=check)

    def preview(self, *arguments: str, check: bool = True) -> subprocess.CompletedProcess[str]:
        """Run `pulumi preview`."""
        return self.run("preview", *arguments, check=check)

    def refuses(self, sentence: str) -> str:
        """Assert that a preview fails with `sentence` and no traceback; return what it printed."""
        result = self.preview(check=False)
        printed = result.stdout + result.stderr
        assert result.returncode != 0, printed
        assert sentence in " ".join(printed.split()), printed
        assert "Traceback" not in printed, printed
        return printed

    def assert_unchanged(self) -> None:
        """Assert that a refresh finds no drift that the program would change: differences show only after one."""
        self.preview("--refresh", "--expect-no-changes")

    def destroy(self) -> None:
        """Run `pulumi destroy`."""
        self.run("destroy", "--yes")

    def outputs(self) -> dict[str, Any]:
        """Return the stack's outputs, secrets shown."""
        return dict(json.loads(self.run("stack", "output", "--json", "--show-secrets").stdout))

    def state(self) -> dict[str, Any]:
        """Return the stack's deployment as its checkpoint holds it, secrets sealed; {} before the first run."""
        checkpoint = json.loads(self._checkpoint().read_text())["checkpoint"]
        return dict(checkpoint.get("latest") or {})

    def resources(self, type_token: str = "") -> list[dict[str, Any]]:
        """List the resources in the state, of one type if asked."""
        return [one for one in self.state().get("resources", []) if type_token in ("", one["type"])]
