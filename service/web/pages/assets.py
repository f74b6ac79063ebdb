"""Static files, kept for ever by browsers where the address carries their digest."""

import os

from starlette.responses import Response
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

_FOR_EVER = "public, max-age=31536000, immutable"


class Assets(StaticFiles):
    def file_response(
        self,
        full_path: str | os.PathLike[str],
        stat_result: os.stat_result,
        scope: Scope,
        status_code: int = 200,
    ) -> Response:
        response = super().file_response(full_path, stat_result, scope, status_code)
        has_digest = scope["query_string"].startswith(b"v=")
        response.headers["Cache-Control"] = _FOR_EVER if has_digest else "no-cache"
        return response
