"""What somebody must see at once: a gate that cannot keep its contract, an alarm, a shadow."""

import re
from collections.abc import Callable, Iterator

import pytest

from service.domain.adaptation import Mode
from service.domain.shadow import ShadowState
from tests.pages.history import into, live
from tests.pages.site import KEY, Browser, Site, serving, signed_in
from tests.pages.test_page_gates import fields_in, filled


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """A house of its own: its gates are changed."""
    with serving(tmp_path_factory.mktemp("at-work")) as site:
        live(site, "earning", 1500)
        yield site


@pytest.fixture
def max_(someone: Callable[..., Browser]) -> Browser:
    return someone("max")


def test_infeasible_is_unmistakable(
    site: Site, max_: Browser, someone: Callable[..., Browser]
) -> None:
    quiet = max_.get("/gates/earning").text
    assert "cannot keep its contract" not in quiet
    assert "panel labels since the first of these certificates" in quiet
    assert "time after every 1,000 items" in quiet
    assert 'class="mode' not in max_.get("/gates").text

    into(site, "earning", Mode.INFEASIBLE, "limit disproven")
    page = max_.get("/gates/earning").text
    assert re.search(r'<section class="mode is-infeasible" role="alert".*?</section>', page, re.S)
    assert "Bear more errors" in page
    assert 'id="give-way" href="/gates/earning/edit"' in page
    gates = max_.get("/gates").text
    assert re.search(r'role="alert"><strong>It cannot keep its contract', gates)
    assert 'id="give-way"' not in someone("ida").get("/gates/earning").text
    chinese = someone("max", **{"Accept-Language": "zh-CN"}).get("/gates/earning").text
    assert "无法履行契约" in chinese
    told = max_.http.get("/metrics", headers={"Authorization": f"Bearer {KEY}"}).text
    assert 'human_in_loop_gate_mode{gate="earning",mode="infeasible"} 1.0' in told
    assert 'human_in_loop_gate_mode{gate="earning",mode="open"} 0.0' in told

    into(site, "earning", Mode.SAFE, "labels say so", level=0.99)
    page = max_.get("/gates/earning").text
    assert "An alarm went off: safe mode" in page
    assert "Stricter than proven" in page


def test_a_shadow_is_started_looked_at_and_adopted(site: Site, max_: Browser) -> None:
    assert max_.get("/gates/comments/shadow").status_code == 404
    looked = max_.post("/gates/comments/edit", **filled(max_, "comments", low="20", high="60"))
    form = fields_in(looked.text) | {"step": "shadow", "note": "too slow"}
    begun = max_.post("/gates/comments/edit", **form)
    assert begun.url.path == "/gates/comments/shadow"
    assert "The candidate now goes along in shadow" in begun.text
    assert "No item has come in yet" in begun.text
    again = max_.post("/gates/comments/edit", **form)
    assert "A shadow of this gate runs already" in again.text

    live_zone = site.services.gates.policies.of("comments").thresholds.zone(0.7)[0]
    assert live_zone == "human_review"
    site.ask("seen by both", signals={"score": 0.7})
    site.clock.forward(minutes=1)
    page = max_.get("/gates/comments/shadow").text
    assert re.search(r"<strong>1</strong> from review to approved", page)
    assert "seen by both" not in page, "people have still to answer"
    assert "goes along in shadow since" in max_.get("/gates/comments").text

    over = re.search(r'name="over" value="(\d+)"', page)
    assert over
    stale = max_.post("/gates/comments/shadow/adopt", over="99")
    assert "Somebody changed the gate or ended the shadow meanwhile" in stale.text
    adopted = max_.post("/gates/comments/shadow/adopt", over=over[1])
    assert adopted.url.path == "/gates/comments"
    assert "Tried in shadow since 2030-05-06" in adopted.text
    assert site.services.gates.policies.of("comments").thresholds.high == 0.6
    ended = max_.get("/gates/comments/shadow").text
    assert 'class="badge is-adopted"' in ended
    assert 'id="adopt"' not in ended


def test_who_only_looks_ends_nothing(
    site: Site, max_: Browser, someone: Callable[..., Browser]
) -> None:
    max_.post("/gates/hooks/edit", **filled(max_, "hooks", high="60", step="shadow"))
    ida = someone("ida")
    assert 'id="stop"' not in ida.get("/gates/hooks/shadow").text
    for what in ("stop", "adopt"):
        assert ida.post(f"/gates/hooks/shadow/{what}", over="1").status_code == 403
    assert someone("ann").get("/gates/hooks/shadow").status_code == 403
    stopped = max_.post("/gates/hooks/shadow/stop")
    assert "The shadow has ended" in stopped.text
    with site.store.reading() as tx:
        last = tx.shadows.latest("hooks")
    assert last
    assert last.state is ShadowState.STOPPED


def test_charts_are_drawn_and_told(elsewhere: Site) -> None:
    site, max_ = elsewhere, signed_in(elsewhere, "max")
    assert "1,050 more to come" in max_.get("/gates/hooks").text
    site.clock.forward(days=11)  # what `live` makes is ten days old, and the session ends
    live(site, "hooks", 1200, panel=True)
    max_ = signed_in(site, "max")
    page = max_.get("/gates/hooks").text
    drawn = re.findall(
        r'<svg viewBox="0 0 320 96" role="img" aria-label="A line of (\d+) points', page
    )
    assert drawn[:2] == ["4", "4"]
    assert page.count('class="chart"') + page.count('class="chart is-out"') == len(drawn)
    assert "as usual (" in page
    chinese = signed_in(site, "max", **{"Accept-Language": "zh-CN"})
    assert "平均置信度" in chinese.get("/gates/hooks").text
    headers = {"Authorization": f"Bearer {KEY}"}
    told = max_.http.get("/v1/gates/hooks/charts", headers=headers).json()
    assert [one["indicator"] for one in told["charts"]] == [
        "review_share",
        "confidence",
        "overturned",
        "panel_errors",
    ]
    assert len(told["charts"][0]["points"]) == 4
    assert told["charts"][0]["usual"] is not None
