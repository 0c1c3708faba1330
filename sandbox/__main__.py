"""`python -m sandbox`: the mail cloud in the foreground, which is also how start() runs it."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from sandbox.lifecycle import SandboxError

SERVICES = ("aws", "cloudflare", "powerdns", "resend", "dns", "smtp-starttls", "smtp-tls", "control")


def main() -> int:
    """Run the mail cloud in the foreground."""
    parser = argparse.ArgumentParser(
        prog="python -m sandbox",
        description="A mail cloud on this machine: AWS, Cloudflare, PowerDNS, Resend, DNS and SMTP on 127.0.0.1.",
    )
    parser.add_argument("--dir", type=Path, required=True, help="where sandbox.json, ca.pem and delivered mail go")
    for service in SERVICES:
        parser.add_argument(f"--port-{service}", type=_port, metavar="N", help="a free one where this is left out")
    given = vars(parser.parse_args())
    directory = given.pop("dir").absolute()
    ports = {key.removeprefix("port_"): port for key, port in given.items() if port}
    from sandbox.server import serve

    try:
        serve(directory, ports)
    except (SandboxError, OSError) as error:
        sys.stderr.write(f"error: {error}\n")
        return 1
    return 0


def _port(text: str) -> int:
    if not text.isdecimal() or not 1 <= int(text) <= 65535:
        raise argparse.ArgumentTypeError(f"{text} is not a port from 1 to 65535")
    return int(text)


if __name__ == "__main__":
    sys.exit(main())
