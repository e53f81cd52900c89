"""Variables whose values lie in Parameter Store and Secrets Manager, and keeping them out of what is shown.

https://docs.aws.amazon.com/codebuild/latest/userguide/build-spec-ref.html, "env"
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from typing import Any, Protocol

import moto.backends
from moto.core.exceptions import JsonRESTError, ServiceException

from local_aws.builds.errors import PhaseFailed

MASK = "***"
# of a secret with several lines: a brace alone gives nothing away
SHORTEST_LINE = 4
ARN = re.compile(r"(?P<id>arn:aws[a-z-]*:secretsmanager:[^:]*:[^:]*:secret:[^:]+)(?P<rest>(:.*)?)")


class SecretValues(Protocol):
    """Where the values are."""

    def parameter(self, name: str) -> str:
        """A parameter's value, decrypted. Raises PhaseFailed."""

    def secret(self, reference: str) -> str:
        """The value of `secret-id:json-key:version-stage:version-id`; only the first is needed. Raises PhaseFailed."""


class MotoSecrets:
    """The values that the APIs of this server have taken; those services are loaded when they are first needed."""

    def __init__(self, account: str, region: str) -> None:
        self._account, self._region = account, region

    def parameter(self, name: str) -> str:
        """As for all SecretValues."""
        try:
            found = self._backend("ssm").get_parameter(name)
        except ServiceException as error:
            raise PhaseFailed("Decrypted Variables Error", f"{error.message}: {name}") from error
        if found is None:
            raise PhaseFailed("Decrypted Variables Error", f"parameter does not exist: {name}")
        return str(found.response_object(decrypt=True)["Value"])

    def secret(self, reference: str) -> str:
        """As for all SecretValues."""
        secret_id, key, stage, version = parse_reference(reference)
        try:
            found = self._backend("secretsmanager").get_secret_value(secret_id, version or None, stage or None)
        except (JsonRESTError, ServiceException, KeyError) as error:
            told = getattr(error, "message", "Secrets Manager can't find the specified secret.")
            raise PhaseFailed("Secrets Manager Error Message", f"{told} ({secret_id})") from error
        if "SecretString" not in found:
            raise PhaseFailed("Secrets Manager Error Message", f"the secret {secret_id} is binary, not text")
        return member_of(found["SecretString"], key, secret_id) if key else str(found["SecretString"])

    def _backend(self, service: str) -> Any:
        return moto.backends.get_backend(service)[self._account][self._region]  # type: ignore[call-overload]


def parse_reference(reference: str) -> tuple[str, str, str, str]:
    """Secret, JSON key, stage and version; empty where they are not given. Raises PhaseFailed."""
    arn = ARN.fullmatch(reference)
    secret_id, rest = (
        (arn["id"], arn["rest"][1:]) if arn else (reference.partition(":")[0], reference.partition(":")[2])
    )
    parts = rest.split(":") if rest else []
    if len(parts) > 3 or not secret_id:
        raise PhaseFailed(
            "Secrets Manager Error Message",
            f"{reference} does not have the form secret-id:json-key:version-stage:version-id",
        )
    key, stage, version = [*parts, "", "", ""][:3]
    return secret_id, key, stage, version


def member_of(text: str, key: str, secret_id: str) -> str:
    """A member of a secret that is a JSON object. Raises PhaseFailed."""
    try:
        value = json.loads(text)[key]
    except (ValueError, KeyError, TypeError) as error:
        raise PhaseFailed("Secrets Manager Error Message", f"the secret {secret_id} has no key {key}") from error
    return value if isinstance(value, str) else json.dumps(value)


class Mask:
    """Texts without the secrets in them. Of a secret with several lines, those are hidden that could be one."""

    def __init__(self, secrets: Iterable[str]) -> None:
        lines = {line for secret in secrets for line in _to_hide(secret)} - {""}
        # the longest first, so that no part of one is left beside another
        ordered = sorted(lines, key=len, reverse=True)
        self._pattern = re.compile("|".join(map(re.escape, ordered))) if ordered else None

    def __call__(self, text: str) -> str:
        """The text, with asterisks for secrets."""
        return self._pattern.sub(MASK, text) if self._pattern else text


def _to_hide(secret: str) -> list[str]:
    whole = secret.strip()
    lines = [line.strip() for line in whole.splitlines()]
    return [whole, *(line for line in lines if len(line) >= SHORTEST_LINE)]
