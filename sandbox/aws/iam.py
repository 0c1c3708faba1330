"""moto's IAM, with what it lacks of the real one."""

from __future__ import annotations

from flask import Flask
from moto.core.responses import ActionResult, EmptyResult
from moto.core.utils import convert_to_flask_response
from moto.iam.exceptions import DeleteConflictException, NoSuchEntity, ValidationError
from moto.iam.models import User
from moto.iam.responses import IamResponse
from moto.moto_server.werkzeug_app import BackendRequest


class Iam(IamResponse):
    """moto's IAM with what it lacks: a user's permissions boundary, and refusals that AWS makes."""

    def create_user(self) -> ActionResult:
        """Create a user, with the boundary that moto leaves out."""
        boundary = self._get_param("PermissionsBoundary")
        if boundary:
            self._check_boundary(boundary)
        result = super().create_user()
        if boundary:
            _set_boundary(self.backend.get_user(self._get_param("UserName")), boundary)
        return result

    def get_user(self) -> ActionResult:
        """Get a user; without a name the caller, who must be one."""
        if not self._get_param("UserName") and self.backend.get_user_from_access_key_id(self.get_access_key()) is None:
            raise ValidationError("Must specify userName when calling with non-User credentials")
        return super().get_user()

    def delete_user(self) -> ActionResult:
        """Delete a user who has no access keys any more."""
        if self.backend.get_user(self._get_param("UserName")).access_keys:
            raise DeleteConflictException("Cannot delete entity, must delete access keys first.")
        return super().delete_user()

    def update_user(self) -> ActionResult:
        """Rename or move a user; its tags, which moto keeps by ARN, go with it."""
        user = self.backend.get_user(self._get_param("UserName"))
        before = user.arn
        result = super().update_user()
        if user.arn != before:
            self.backend.tagger.copy_tags(before, user.arn)
            self.backend.tagger.delete_all_tags_for_resource(before)
        return result

    def put_user_permissions_boundary(self) -> ActionResult:
        """Set the policy that limits what a user can be allowed."""
        boundary = self._get_param("PermissionsBoundary")
        self._check_boundary(boundary)
        _set_boundary(self.backend.get_user(self._get_param("UserName")), boundary)
        return EmptyResult()

    def delete_user_permissions_boundary(self) -> ActionResult:
        """Take a user's boundary away."""
        _set_boundary(self.backend.get_user(self._get_param("UserName")), None)
        return EmptyResult()

    def _check_boundary(self, arn: str) -> None:
        if arn not in self.backend.managed_policies:
            raise NoSuchEntity(f"Scope ARN: {arn} does not exist or is not attachable.")


def app() -> Flask:
    """Make the WSGI application of IAM: one path, the action is in the form."""
    application = Flask("iam")
    application.request_class = BackendRequest
    application.config["PROPAGATE_EXCEPTIONS"] = (
        True  # the gate answers what fails here, as for moto's own applications
    )
    application.add_url_rule(
        "/", "iam", convert_to_flask_response(Iam.dispatch), methods=["GET", "POST"], strict_slashes=False
    )
    return application


def _set_boundary(user: User, arn: str | None) -> None:
    # moto's User does not know the attribute, its serializer writes it where it is.
    described = {"PermissionsBoundaryType": "Policy", "PermissionsBoundaryArn": arn}
    user.permissions_boundary = described if arn else None  # type: ignore[attr-defined]
