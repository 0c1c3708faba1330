"""Resend's API: who may ask, in which order it checks, and its limits.

Texts and statuses are recorded or seen answers; those of the errors page (resend.com/docs/api-reference/errors) where
nobody saw one.
"""

from __future__ import annotations

import re
from typing import Any

import httpx
import pytest

from sandbox.traffic import Fault
from tests.sandbox.resend_world import NOBODY, Api

ANY = re.compile(".*")
BROKEN: dict[str, Any] = {"content": b"{", "headers": {"Content-Type": "application/json"}}
RESTRICTED = (401, "restricted_api_key", "This API key is restricted to only send emails")


@pytest.fixture(name="api")
def _api() -> Api:
    return Api()


def told(answer: httpx.Response) -> tuple[int, str, str]:
    body = answer.json()
    return answer.status_code, body["name"], body["message"]


@pytest.mark.parametrize("headers", [{}, {"Authorization": ""}, {"Authorization": "Basic cmU6"}, {"X-Api-Key": "re_1"}])
def test_a_request_without_a_key_is_refused(api: Api, headers: dict[str, str]) -> None:
    """No bearer token is 401 missing_api_key."""
    assert told(api.client.get("/domains", headers=headers)) == (401, "missing_api_key", "Missing API Key")


def test_a_false_key_is_a_validation_error(api: Api) -> None:
    """A key that the account does not have is 400, not 401 or 403."""
    assert api.refusal("GET", "/domains", token="re_wrong") == (400, "validation_error", "API key is invalid")


def test_a_key_that_may_only_send_is_refused_everywhere(api: Api) -> None:
    """A sending key may not list, create, or ask for what does not exist."""
    token = api.key(permission="sending_access")["token"]
    for method, path in (("GET", "/domains"), ("POST", "/domains"), ("DELETE", f"/api-keys/{NOBODY}"), ("GET", "/x")):
        assert api.refusal(method, path, token=token) == RESTRICTED


def test_the_permission_is_checked_before_the_body(api: Api) -> None:
    """A sending key with a broken body hears of the key, a full one of the body."""
    token = api.key(permission="sending_access")["token"]
    assert api.refusal("POST", "/domains", token=token, **BROKEN) == RESTRICTED
    assert api.refusal("POST", "/domains", **BROKEN)[:2] == (400, "validation_error")


def test_the_key_is_checked_before_the_body(api: Api) -> None:
    """A false key with a broken body hears of the key."""
    assert api.refusal("POST", "/domains", token="re_wrong", **BROKEN)[2] == "API key is invalid"


@pytest.mark.parametrize("path", [f"/domains/{NOBODY}", f"/api-keys/{NOBODY}"])
def test_the_body_is_read_before_the_thing_is_looked_up(api: Api, path: str) -> None:
    """A broken body for an unknown id is 400."""
    assert api.refusal("PATCH", path, **BROKEN)[:2] == (400, "validation_error")


@pytest.mark.parametrize("content", [b"", b"{", b"\xff{}"])
def test_a_body_that_is_not_json_is_400(api: Api, content: bytes) -> None:
    """Nothing, half an object and bytes that are no text are refused alike."""
    assert api.refusal("POST", "/domains", content=content)[:2] == (400, "validation_error")


def test_a_body_that_is_no_object_is_422(api: Api) -> None:
    """JSON of another kind is read, and its fields are wrong."""
    assert api.refusal("POST", "/domains", ["example.com"])[:2] == (422, "validation_error")


def test_a_request_without_user_agent_is_refused_at_the_edge(api: Api) -> None:
    """Whoever does not say what it is gets 403, whatever its key."""
    request = api.client.build_request("GET", "/domains", headers={"Authorization": f"Bearer {api.token}"})
    del request.headers["User-Agent"]
    answer = api.client.send(request)
    assert (answer.status_code, answer.text) == (403, "error code: 1010")


def test_an_unknown_path_is_not_found(api: Api) -> None:
    """A path that the API does not have is 404 not_found."""
    assert api.refusal("GET", "/v1/domains") == (404, "not_found", "The requested endpoint does not exist.")


@pytest.mark.parametrize(
    ("method", "path"), [("PUT", "/domains"), ("GET", f"/domains/{NOBODY}/verify"), ("GET", f"/api-keys/{NOBODY}")]
)
def test_a_method_that_a_path_does_not_have_is_405(api: Api, method: str, path: str) -> None:
    """Updates are PATCH, a verification is POST, and a single key cannot be read."""
    wanted = (405, "method_not_allowed", "Method is not allowed for the requested path.")
    assert api.refusal(method, path) == wanted


def test_every_answer_has_the_headers_of_the_rate_limit(api: Api) -> None:
    """Limit, policy, what is left and the reset are told with success, refusal, fault and even without a key."""
    api.settings.rate_limit = 5
    api.traffic.add(Fault("resend", ANY, status=500))
    answers = [
        api.ask("GET", "/domains"),
        api.ask("GET", "/domains"),
        api.ask("GET", "/x"),
        api.client.get("/domains"),
    ]
    assert [one.status_code for one in answers] == [500, 200, 404, 401]
    for answer in answers:
        assert answer.headers["ratelimit-limit"] == "5"
        assert answer.headers["ratelimit-policy"] == "5;w=1"
        assert answer.headers["ratelimit-reset"] == "1"
    assert [one.headers["ratelimit-remaining"] for one in answers] == ["5", "4", "3", "3"]


def test_more_requests_than_the_limit_are_refused_for_a_second(api: Api) -> None:
    """The third request of two is 429 with retry-after; a second later there is room again."""
    api.settings.rate_limit = 2
    assert [api.ask("GET", "/domains").status_code for _ in range(2)] == [200, 200]
    answer = api.ask("GET", "/domains")
    assert told(answer)[:2] == (429, "rate_limit_exceeded")
    assert (answer.headers["retry-after"], answer.headers["ratelimit-remaining"]) == ("1", "0")
    api.time += 1
    assert api.ask("GET", "/domains").status_code == 200


def test_the_limit_is_the_teams_and_not_the_keys(api: Api) -> None:
    """A second key does not buy more requests."""
    other = api.key()["token"]
    api.time += 1
    api.settings.rate_limit = 1
    assert api.ask("GET", "/domains").status_code == 200
    assert api.ask("GET", "/domains", token=other).status_code == 429


def test_there_is_no_limit_unless_one_is_set(api: Api) -> None:
    """Tests are not slowed down, and the headers tell clients that pace themselves so."""
    answers = [api.ask("GET", "/domains") for _ in range(1100)]
    assert {one.status_code for one in answers} == {200}
    assert {one.headers["ratelimit-remaining"] for one in answers} == {"999"}


def test_an_answer_that_is_lost_was_a_request_that_was_done(api: Api) -> None:
    """The domain exists although its creator heard nothing; the next request is answered."""
    api.traffic.add(Fault("resend", ANY, lost=True))
    with pytest.raises(ConnectionResetError):
        api.ask("POST", "/domains", {"name": "example.com"})
    assert [one["name"] for one in api.ask("GET", "/domains").json()["data"]] == ["example.com"]


def test_requests_are_in_the_log_without_keys(api: Api) -> None:
    """The log names service, method and path, of refused requests too."""
    api.refusal("GET", "/domains", token="re_wrong")
    assert api.traffic.requests() == [{"service": "resend", "method": "GET", "path": "/domains"}]
