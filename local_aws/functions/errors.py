"""The errors of Lambda's Invoke, in the service's words."""

from __future__ import annotations


class InvocationRefused(Exception):
    """The request is not executed. `code` is what boto3 shows as `Error.Code`."""

    code = "ServiceException"
    http_status = "500 Internal Server Error"

    def __init__(self, message: str, **members: str) -> None:
        super().__init__(message)
        self.message = message
        self.members = members


class InvalidRequestContent(InvocationRefused):
    """The payload is not JSON."""

    code = "InvalidRequestContentException"
    http_status = "400 Bad Request"


class InvalidParameterValue(InvocationRefused):
    """A header of the request says what the service does not know."""

    code = "InvalidParameterValueException"
    http_status = "400 Bad Request"


class RequestTooLarge(InvocationRefused):
    """The payload has more than 6 MB, or more than 1 MB where it is an event."""

    code = "RequestTooLargeException"
    http_status = "413 Request Entity Too Large"


class InvalidZipFile(InvocationRefused):
    """The function's code cannot be unpacked."""

    code = "InvalidZipFileException"
    http_status = "502 Bad Gateway"


class TooManyRequests(InvocationRefused):
    """So many invocations are at work that this one must wait."""

    code = "TooManyRequestsException"
    http_status = "429 Too Many Requests"


class NoSuchFunction(InvocationRefused):
    """There is no such function, version or alias."""

    code = "ResourceNotFoundException"
    http_status = "404 Not Found"
