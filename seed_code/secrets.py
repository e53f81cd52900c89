"""What should not leave a machine: told by a file's name, or by what is in it."""

from __future__ import annotations

import fnmatch
import re

NAMES = {
    ".env": "a file of secrets",
    ".env.*": "a file of secrets",
    ".netrc": "a file of passwords",
    ".pypirc": "a file of passwords",
    ".git-credentials": "a file of passwords",
    "credentials": "a file of credentials",
    "credentials.json": "a file of credentials",
    "id_rsa": "a private key",
    "id_ecdsa": "a private key",
    "id_ed25519": "a private key",
    "*.key": "a private key",
    "*.p12": "a private key",
    "*.pem": "a key or a certificate",
    "*.pfx": "a private key",
    "*.jks": "a store of keys",
    "*.tfstate": "a state of Terraform, which holds secrets",
}
# .env.example and the like are there to be shared
FOR_SHARING = ("*.example", "*.sample", "*.template")
CONTENTS = {
    # those that AWS's documentation uses end in EXAMPLE
    re.compile(rb"\b(?:AKIA|ASIA)(?![A-Z0-9]{9}EXAMPLE\b)[A-Z0-9]{16}\b"): "an AWS access key",
    re.compile(
        rb"aws_secret_access_key\s*[=:]\s*['\"]?(?![A-Za-z0-9/+]{30}EXAMPLEKEY)[A-Za-z0-9/+]{40}(?![A-Za-z0-9/+])", re.I
    ): ("an AWS secret key"),
    re.compile(rb"-----BEGIN (?:[A-Z]+ )*PRIVATE KEY-----\s+[A-Za-z0-9+/=]{32}"): "a private key",
    re.compile(rb"\bgh[pousr]_[A-Za-z0-9]{36}\b"): "a token of GitHub",
    re.compile(rb"\bgithub_pat_[A-Za-z0-9_]{60}"): "a token of GitHub",
    re.compile(rb"\bxox[abprs]-[A-Za-z0-9-]{20}"): "a token of Slack",
}


def looks_secret(path: str, content: bytes) -> str | None:
    """What the file looks like; None if like nothing that has to be kept."""
    name = path.rpartition("/")[2].lower()
    if not any(fnmatch.fnmatchcase(name, pattern) for pattern in FOR_SHARING):
        for pattern, what in NAMES.items():
            if fnmatch.fnmatchcase(name, pattern):
                return what
    return next((what for pattern, what in CONTENTS.items() if pattern.search(content)), None)
