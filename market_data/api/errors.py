"""Refusals that only a web request knows."""

from rest_framework import status
from rest_framework.exceptions import APIException


class Conflict(APIException):
    """The thing is in a state in which this cannot be done."""

    status_code = status.HTTP_409_CONFLICT
    default_code = "conflict"
