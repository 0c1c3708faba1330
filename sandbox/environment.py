"""The environment variables that lead clients to the mail cloud."""

from __future__ import annotations

from pathlib import Path

from sandbox.lifecycle import SandboxError, status

REGION = "eu-west-1"


def environment(directory: Path, plugins: str = "standin") -> dict[str, str]:
    """Give the environment variables that lead Pulumi, mailstack and the vendors' clients to the mail cloud.

    With "standin" the engine takes the sandbox's own plugins, with "real" the vendors'. SandboxError where
    the mail cloud does not run.
    """
    if plugins not in ("standin", "real"):
        raise SandboxError(f'plugins are "standin" or "real", not "{plugins}"')
    directory = Path(directory).absolute()
    info = status(directory)
    if not info["running"]:
        raise SandboxError(f"the mail cloud in {directory} does not run; start it with `mailstack sandbox start`")
    here = {service: f"127.0.0.1:{port}" for service, port in info["ports"].items()}
    key = next(account for account in info["accounts"].values() if "access_key_id" in account)
    variables = {
        "AWS_ENDPOINT_URL": f"http://{here['aws']}",
        "AWS_ACCESS_KEY_ID": key["access_key_id"],
        "AWS_SECRET_ACCESS_KEY": key["secret_access_key"],
        # A token of the caller's own session would be sent along with the keys above.
        "AWS_SESSION_TOKEN": "",
        "AWS_REGION": REGION,
        "CLOUDFLARE_BASE_URL": f"http://{here['cloudflare']}/client/v4",
        "CLOUDFLARE_API_TOKEN": info["cloudflare_token"],
        "RESEND_BASE_URL": f"http://{here['resend']}",
        "RESEND_API_KEY": info["resend_key"],
        "MAILSTACK_SANDBOX_POWERDNS_URL": f"http://{here['powerdns']}",
        "MAILSTACK_SANDBOX_POWERDNS_KEY": info["powerdns_key"],
        "MAILSTACK_DNS_SERVER": here["dns"],
        "MAILSTACK_SES_SMTP_ENDPOINTS": f"starttls={here['smtp_starttls']},tls={here['smtp_tls']}",
        "MAILSTACK_CA_FILE": info["ca_file"],
        "PULUMI_BACKEND_URL": f"file://{directory / 'state'}",
        "PULUMI_CONFIG_PASSPHRASE": "",
        "PULUMI_SKIP_UPDATE_CHECK": "true",
    }
    return variables if plugins == "real" else {**variables, **_standins(directory)}


def _standins(directory: Path) -> dict[str, str]:
    """Lead the engine to the stand-ins, which the mail cloud puts into this PULUMI_HOME, and to no others."""
    return {
        "PULUMI_HOME": str(directory / "pulumi-home"),
        "PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION": "true",
    }
