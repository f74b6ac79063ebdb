"""Errors of the outside world, sorted: what may pass by itself, and what a person must mend."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC
from email.utils import parsedate_to_datetime

from service.domain.app import App
from service.ports.clock import Clock
from service.ports.resumer import DeliveryDead, DeliveryFailed
from service.resume.addresses import InternalAddress
from service.resume.dify_api import DifyRefused, StrangeId
from service.resume.outgoing import BadUrl, Nonsense, NotAnswered, NotReached, Reply
from service.resume.reasons import dead, failed, quoted

GONE = 410
PASSING = frozenset({408, 425, 429})
LONGEST_RETRY_AFTER = 86_400.0


@contextmanager
def sorted_out(app: App, clock: Clock) -> Iterator[None]:
    """Turn every error of a call to the app into DeliveryFailed or DeliveryDead."""
    name = f"The app {quoted(app.name)}"
    try:
        yield
    except BadUrl as error:
        raise dead("bad_url", f"{name} has an unusable url: {error}.") from None
    except InternalAddress:
        raise dead(
            "internal_address",
            f"{name} has a url on an internal address; set allow_internal if that is meant.",
        ) from None
    except StrangeId as error:
        raise dead("bad_run_id", f'"{error}" is no id of a Dify run.') from None
    except NotReached as error:
        raise failed("unreachable", f"{name} cannot be reached: {error}.") from None
    except NotAnswered as error:
        raise failed("no_answer", f"{name} did not answer: {error}.") from None
    except Nonsense as error:
        raise failed("nonsense", f"{name} answered {error}; check its url.") from None
    except DifyRefused as error:
        raise refused(error, name, clock) from None


def demand_accepted(reply: Reply, app: App, clock: Clock) -> None:
    """Raises unless a receiver of webhooks took the message (2xx); only 410 says "never again"."""
    name = f"The app {quoted(app.name)}"
    if 200 <= reply.status < 300:
        return
    if reply.status == GONE:
        raise dead(
            "gone", f"{name} wants no more messages (HTTP 410); take it out, or mend its url."
        )
    raise failed(
        "not_accepted",
        f"{name} answered HTTP {reply.status}.",
        retry_after=retry_after(reply.headers, clock),
    )


def refused(error: DifyRefused, name: str, clock: Clock) -> DeliveryFailed | DeliveryDead:
    """What an error answer of Dify's means for the delivery."""
    said = f'Dify says: "{error.message}"' if error.message else f"HTTP {error.status}"
    match error.status:
        case 401:
            return dead("wrong_key", f"{name} does not accept our API key; set the right one.")
        case 403:
            return dead("forbidden", f"{name} does not let our API key do this. {said}.")
        case 404:
            return dead(
                "not_found",
                f"{name} knows no such run or form. {said}. Check its url and key, and that the "
                "decision names the sys.workflow_run_id and sys.user_id of a run started by API.",
            )
        case status if passes(status):
            wait = retry_after(error.headers, clock)
            return failed("busy", f"{name} cannot take it now. {said}.", retry_after=wait)
        case status if 300 <= status < 400:
            return dead("redirected", f"{name} redirects us, which we do not follow; mend its url.")
        case _:
            return dead("refused", f"{name} refuses the request. {said}.")


def passes(status: int) -> bool:
    """Whether an error answer of this HTTP status may pass by itself."""
    return status in PASSING or status >= 500


def retry_after(headers: Mapping[str, str], clock: Clock) -> float | None:
    """The wish of a Retry-After header in seconds, at most a day; None where there is none."""
    wish = headers.get("retry-after", "").strip()
    if wish.isascii() and wish.isdigit():
        return min(float(wish), LONGEST_RETRY_AFTER)
    try:
        moment = parsedate_to_datetime(wish)
    except ValueError:
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return min(max((moment - clock.now()).total_seconds(), 0.0), LONGEST_RETRY_AFTER)
