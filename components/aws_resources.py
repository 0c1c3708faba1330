"""Thin typed classes of the pulumi-aws resources that the kit declares; importing the SDK's own costs each run more.

They have the same type tokens, inputs, default provider and URNs (tests/components/test_resources.py holds them to the
SDK's classes). Inputs have the names of the provider's schema: camelCase.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, cast

import pulumi

from .resources import sdk_version


class _AwsResource(pulumi.CustomResource):
    """kind: its type token; outputs: what the program reads of it beside its inputs."""

    kind: ClassVar[str]
    outputs: ClassVar[tuple[str, ...]] = ()
    secret_outputs: ClassVar[list[str]] = []

    def __init__(self, name: str, inputs: Mapping[str, Any], opts: pulumi.ResourceOptions) -> None:
        own = pulumi.ResourceOptions(version=sdk_version("pulumi_aws"), additional_secret_outputs=self.secret_outputs)
        properties = {**dict.fromkeys(self.outputs), **inputs}
        super().__init__(self.kind, name, properties, pulumi.ResourceOptions.merge(own, opts))

    def _output(self, name: str) -> pulumi.Output[Any]:
        return cast("pulumi.Output[Any]", self.__dict__[name])


class ConfigurationSet(_AwsResource):
    """An SES configuration set (`aws:sesv2/configurationSet:ConfigurationSet`)."""

    kind, outputs = "aws:sesv2/configurationSet:ConfigurationSet", ("arn",)
    arn: pulumi.Output[str]

    @property
    def configuration_set_name(self) -> pulumi.Output[str]:
        """Return its name, which is known once it exists."""
        return self._output("configurationSetName")


class EmailIdentity(_AwsResource):
    """An SES identity (`aws:sesv2/emailIdentity:EmailIdentity`)."""

    kind, outputs = "aws:sesv2/emailIdentity:EmailIdentity", ("arn", "dkimSigningAttributes")
    arn: pulumi.Output[str]

    @property
    def email_identity(self) -> pulumi.Output[str]:
        """Return the domain, which is known once the identity exists."""
        return self._output("emailIdentity")

    @property
    def dkim_tokens(self) -> pulumi.Output[list[str]]:
        """Return the tokens of Easy DKIM, in plain.

        The provider has an empty private key as a secret beside them, which makes the whole property secret.
        """
        signing = self._output("dkimSigningAttributes")
        return pulumi.Output.unsecret(signing.apply(lambda attributes: attributes["tokens"]))


class EmailIdentityMailFromAttributes(_AwsResource):
    """The MAIL FROM domain of an SES identity."""

    kind = "aws:sesv2/emailIdentityMailFromAttributes:EmailIdentityMailFromAttributes"


class User(_AwsResource):
    """An IAM user (`aws:iam/user:User`)."""

    kind = "aws:iam/user:User"
    name: pulumi.Output[str]


class AccessKey(_AwsResource):
    """An access key of an IAM user (`aws:iam/accessKey:AccessKey`)."""

    kind, outputs = "aws:iam/accessKey:AccessKey", ("secret",)
    secret_outputs: ClassVar[list[str]] = ["secret", "sesSmtpPasswordV4"]
    secret: pulumi.Output[str]


class UserPolicy(_AwsResource):
    """A policy inside an IAM user (`aws:iam/userPolicy:UserPolicy`)."""

    kind = "aws:iam/userPolicy:UserPolicy"
