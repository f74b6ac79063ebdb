"""What a caller is told who asks a gate the same again under the same key.

The stored answer stands. Where its review is over and its run has gone on, the answer says so: a
loop that asks about the same text again, or a second gate, then asks under another key.
"""

import asyncio
import time
from typing import Any

from fastapi.concurrency import run_in_threadpool

from service.domain.decision import Zone
from service.domain.ids import DecisionId
from service.usecases.decisions.resumption import Resumption
from service.web.services import Services

PROOF_SECONDS = 6.0
"""How long a delivery under way is waited for: a run that goes on asks again before the service,
which stays a moment after each proof, believes that it went on."""
LOOK_EVERY_SECONDS = 0.5
"""How late the proof is seen where its event was lost."""


async def repeated(answer: dict[str, Any], services: Services) -> dict[str, Any]:
    """The stored answer, with `resume_proven` where that is true."""
    if answer["decision"] != Zone.HUMAN_REVIEW:
        return answer
    proven = await _is_proven(DecisionId(answer["decision_id"]), services)
    return {**answer, "resume_proven": True} if proven else answer


async def _is_proven(decision_id: DecisionId, services: Services) -> bool:
    give_up_at = time.monotonic() + PROOF_SECONDS
    async with services.live.listening() as news:
        while True:
            standing = await run_in_threadpool(services.decisions.resumptions.of, decision_id)
            left = give_up_at - time.monotonic()
            if standing is not Resumption.UNDER_WAY or left <= 0:
                return standing is Resumption.PROVEN
            await news_of(news, {decision_id}, min(left, LOOK_EVERY_SECONDS))


async def news_of(news: asyncio.Queue[Any], keys: set[str], seconds: float) -> None:
    """Return at the first event about one of the keys, or after so many seconds."""
    try:
        async with asyncio.timeout(seconds):
            while (await news.get()).key not in keys:
                pass
    except TimeoutError:
        return
