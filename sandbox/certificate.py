"""The mail cloud's own certificate authority, and the server certificate for every SMTP endpoint."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

# Where SES has SMTP endpoints ("Amazon SES endpoints and quotas", AWS General Reference), and the FIPS ones among them.
REGIONS = (
    "af-south-1", "ap-northeast-1", "ap-northeast-2", "ap-northeast-3", "ap-south-1", "ap-south-2", "ap-southeast-1",
    "ap-southeast-2", "ap-southeast-3", "ap-southeast-5", "ca-central-1", "ca-west-1", "eu-central-1", "eu-central-2",
    "eu-north-1", "eu-south-1", "eu-west-1", "eu-west-2", "eu-west-3", "il-central-1", "me-central-1", "me-south-1",
    "sa-east-1", "us-east-1", "us-east-2", "us-gov-east-1", "us-gov-west-1", "us-west-1", "us-west-2",
)  # fmt: skip
CHINA = ("cn-north-1", "cn-northwest-1")
RESEND = "smtp.resend.com"  # https://resend.com/docs/send-with-smtp


@dataclass(frozen=True)
class Certificates:
    """The files: the CA to trust, and the server's certificate and key."""

    ca: Path
    certificate: Path
    key: Path


def server_names() -> list[str]:
    """Give every name that the servers answer to; wildcards would cover one label only."""
    names = ["127.0.0.1", "localhost", RESEND]
    names += [f"{host}.{region}.amazonaws.com" for region in REGIONS for host in ("email-smtp", "email-smtp-fips")]
    return names + [f"email-smtp.{region}.amazonaws.com.cn" for region in CHINA]


def write(directory: Path) -> Certificates:
    """Make a CA and a server certificate for this run, and write them; the CA's own key is kept nowhere."""
    import trustme

    authority = trustme.CA(organization_name="mailstack sandbox")
    server = authority.issue_cert(*server_names())
    files = Certificates(directory / "ca.pem", directory / "server.pem", directory / "server.key")
    authority.cert_pem.write_to_path(files.ca)
    files.certificate.write_bytes(b"".join(part.bytes() for part in server.cert_chain_pems))
    files.key.touch(mode=0o600)
    server.private_key_pem.write_to_path(files.key)
    return files
