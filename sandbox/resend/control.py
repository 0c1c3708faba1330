"""What tests ask of the played Resend and change in it, as part of the control API."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from werkzeug.wrappers import Request

from sandbox.control import Mistake, Routes, json_object
from sandbox.resend import verification
from sandbox.resend.settings import Settings
from sandbox.resend.state import Account


def routes(account: Account) -> Routes:
    """Give the control API's requests: GET, PUT and DELETE /resend.

    GET shows settings, domains and keys, tokens left out. PUT changes the settings that it names, DELETE makes them
    what they are at first.
    """

    def show(request: Request, rest: str) -> dict[str, Any]:
        with account.lock:
            for domain in account.domains.values():
                verification.refresh(account, domain)
            return {
                "settings": asdict(account.settings),
                "domains": [
                    {
                        "id": domain.id, "name": domain.name, "region": domain.region, "status": domain.status,
                        "generation": domain.generation, "return_path": domain.return_path, "tls": domain.tls,
                        "records": {f"{one.type} {one.host}": one.status for one in domain.records},
                    }
                    for domain in account.domains.values()
                ],
                "keys": [
                    {"id": key.id, "name": key.name, "permission": key.permission, "domain_id": key.domain_id}
                    for key in account.keys.values()
                ],
            }  # fmt: skip

    def change(request: Request, rest: str) -> None:
        try:
            with account.lock:
                account.settings.update(json_object(request))
        except ValueError as error:
            raise Mistake(str(error)) from None

    def reset(request: Request, rest: str) -> None:
        with account.lock:
            account.settings = Settings()

    return {("GET", "resend"): show, ("PUT", "resend"): change, ("DELETE", "resend"): reset}
