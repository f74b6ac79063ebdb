"""The reviewers' pages: server-rendered, each form guarded, nothing changed by a GET."""

from fastapi import APIRouter, FastAPI

from service.web.pages import events, queue, sign_in, task
from service.web.pages.assets import Assets
from service.web.pages.rendering import STATIC

router = APIRouter(include_in_schema=False)
for part in (sign_in, queue, events, task):
    router.include_router(part.router, include_in_schema=False)


def mount_static(app: FastAPI) -> None:
    """Serve the pages' own scripts, styles and pictures."""
    app.mount("/static", Assets(directory=STATIC), name="static")
