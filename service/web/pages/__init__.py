"""The pages: server-rendered, each form guarded, nothing changed by a GET."""

from fastapi import APIRouter, FastAPI

from service.web.pages import events, explanation, gate_shadow, gates, queue, sign_in, task
from service.web.pages.assets import Assets
from service.web.pages.errors import show_errors_to_browsers
from service.web.pages.rendering import STATIC

router = APIRouter(include_in_schema=False)
PARTS = (
    sign_in.router,
    queue.router,
    events.router,
    task.router,
    explanation.router,
    gates.router,
    gate_shadow.router,
)
for part in PARTS:
    router.include_router(part)


def install(app: FastAPI) -> None:
    """Put the pages into the application: routes, assets, and error pages for lost browsers.

    Comes after the problem documents are installed: programs go on getting those.
    """
    app.include_router(router)
    app.mount("/static", Assets(directory=STATIC), name="static")
    show_errors_to_browsers(app)
