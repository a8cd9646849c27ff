"""OPTIONS: what an address takes."""

from typing import Any

from rest_framework.metadata import BaseMetadata
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request


class Methods(BaseMetadata):
    """The methods of an address; what they mean stands in /schema."""

    def determine_metadata(self, request: Request, view: Any) -> dict[str, Any]:
        # Nothing but JSON can show it, whatever else the address gives.
        request.accepted_renderer, request.accepted_media_type = JSONRenderer(), JSONRenderer.media_type
        return {"methods": view.allowed_methods, "description": "/schema"}
