"""What goes wrong by the fault of whoever sent the job or the request."""

from __future__ import annotations


class CustomerError(Exception):
    """A mistake of the customer's: exit code 2, and a FailureReason of ClientError and this message."""
