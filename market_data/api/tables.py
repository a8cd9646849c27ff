"""Answers in columns: JSON in pages, CSV, Parquet and Arrow streams whole, and none where nothing changed."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from typing import Any, cast

from django.http import HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.utils.cache import get_conditional_response, patch_vary_headers
from rest_framework.renderers import BaseRenderer, JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.utils.urls import replace_query_param

from market_data.files.writing import Format, chunks
from market_data.frames import pa

SMALLEST_TO_PACK = 1000
ENCODINGS = ("zstd", "gzip")
_FORM = "1"
"""Goes up when the same rows would look different."""


class _Whole(BaseRenderer):
    """Names a format; the bytes come from `stream`."""

    def render(self, data: Any, accepted_media_type: str | None = None, renderer_context: Any = None) -> Any:
        return data


class CSVStream(_Whole):
    media_type, format = "text/csv", "csv"


class ParquetStream(_Whole):
    media_type, format = "application/vnd.apache.parquet", "parquet"


class ArrowStream(_Whole):
    media_type, format = "application/vnd.apache.arrow.stream", "arrow"


RENDERERS = (JSONRenderer, CSVStream, ParquetStream, ArrowStream)


def form_of(request: Request) -> str:
    return str(cast(Any, request).accepted_renderer.format)


def stream(request: Request, pieces: Iterable[pa.Table], schema: pa.Schema, name: str) -> HttpResponseBase:
    """The rows whole, as they come, in the format that was asked for, packed where the reader takes it."""
    renderer = cast(Any, request).accepted_renderer
    packing = _packing(request) if renderer.format != "parquet" else ""
    body = chunks(pieces, schema, cast(Format, renderer.format), packing)
    answer = StreamingHttpResponse(body, content_type=renderer.media_type)
    answer["Content-Disposition"] = f'attachment; filename="{name}.{renderer.format}"'
    _label(answer, packing)
    return answer


def page(request: Request, table: pa.Table, schema: pa.Schema, name: str, behind: str) -> HttpResponseBase:
    """The rows of `table` in the format that was asked for. The Link header leads to what follows after `behind`."""
    url = replace_query_param(request.build_absolute_uri(), "after", behind)
    headers = {"Link": f'<{url}>; rel="next"'} if behind else {}
    if form_of(request) != "json":
        whole = stream(request, [table], schema, name)
        for header, value in headers.items():
            whole[header] = value
        return whole
    answer = Response(table.to_pylist(), headers=headers)
    packing = _packing(request)
    if packing:
        answer.add_post_render_callback(lambda rendered: _pack(rendered, packing))
    return answer


def _pack(answer: Any, packing: str) -> None:
    if len(answer.content) < SMALLEST_TO_PACK:
        return
    packed = pa.BufferOutputStream()
    with pa.CompressedOutputStream(packed, packing) as file:
        file.write(answer.content)
    answer.content = packed.getvalue().to_pybytes()
    _label(answer, packing)


def _label(answer: Any, packing: str) -> None:
    if packing:
        answer["Content-Encoding"] = packing
    patch_vary_headers(answer, ["Accept", "Accept-Encoding"])


def _packing(request: Request) -> str:
    """The first of our encodings that the reader takes; "" for none."""
    offered = [part.strip().split(";") for part in request.headers.get("Accept-Encoding", "").lower().split(",")]
    taken = {name.strip() for name, *weight in offered if not any(w.strip() in ("q=0", "q=0.0") for w in weight)}
    return next((name for name in ENCODINGS if name in taken), "")


def tag_of(request: Request, *versions: str) -> str:
    """What stays the same while the question and the rows behind it do; "" where nothing is known of the rows."""
    if not any(versions):
        return ""
    parts = (_FORM, form_of(request), request.get_full_path(), *versions)
    return f'W/"{hashlib.blake2b(chr(10).join(parts).encode(), digest_size=12).hexdigest()}"'


def unchanged(request: Request, tag: str) -> HttpResponse | None:
    """304 where the reader has what this tag stands for."""
    django_request = cast(Any, request)._request
    return get_conditional_response(django_request, tag or None)
