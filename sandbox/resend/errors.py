"""What Resend answers instead of a result (resend.com/docs/api-reference/errors, and recorded answers)."""

from __future__ import annotations

from typing import Any


class ApiError(Exception):
    """An answer with an HTTP status, one of Resend's names and its text."""

    def __init__(self, status: int, name: str, message: str) -> None:
        super().__init__(message)
        self.status, self.name, self.message = status, name, message

    @property
    def body(self) -> dict[str, Any]:
        """Give the answer's JSON."""
        return {"statusCode": self.status, "message": self.message, "name": self.name}


def missing_field(name: str) -> ApiError:
    """Refuse a request without a field that it needs."""
    return ApiError(422, "missing_required_field", f"Missing `{name}` field.")


def invalid(message: str) -> ApiError:
    """Refuse a field's content; no source has the texts, so they are this sandbox's own."""
    return ApiError(422, "validation_error", message)


def not_a_uuid(name: str) -> ApiError:
    """Refuse an id that is none."""
    return ApiError(422, "invalid_parameter", f"The `{name}` must be a valid UUID.")


def not_found(what: str) -> ApiError:
    """Say that there is no such thing."""
    return ApiError(404, "not_found", f"{what} not found")
