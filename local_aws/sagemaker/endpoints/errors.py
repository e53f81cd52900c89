"""Why an endpoint gives no instance for a request."""

from __future__ import annotations


class EndpointNotFound(LookupError):
    """There is no endpoint of that name."""


class VariantNotFound(LookupError):
    """The endpoint has no variant of that name."""


class NotServing(Exception):
    """The endpoint has no instance that could take the request; `status` is its EndpointStatus."""

    def __init__(self, status: str) -> None:
        super().__init__(status)
        self.status = status


class Throttled(Exception):
    """A serverless variant has as many requests in flight as its MaxConcurrency allows."""
