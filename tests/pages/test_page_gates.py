"""The gates' pages: told in words, changed after a look, put back by a button; for some only."""

import re
from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest

from service.domain.access import Principal
from service.domain.change import Cause, Change
from service.domain.gate import AuditRules, GatePolicy
from service.ports.page import Page
from service.usecases.gates.policy_versions import succeed
from service.web.pages.gate_differences import differences
from tests.pages.history import live
from tests.pages.site import ALL, Browser, Site, serving


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """A house of its own: its gates are changed."""
    with serving(tmp_path_factory.mktemp("gates")) as site:
        live(site, "earning", 1500)
        live(site, "comments", 60, panel=False)
        yield site


@pytest.fixture
def max_(someone: Callable[..., Browser]) -> Browser:
    """A manager, signed in."""
    return someone("max")


def policy(site: Site, gate: str = "comments") -> GatePolicy:
    return site.services.gates.policies.of(gate)


def fields_in(page: str) -> dict[str, str]:
    """The form as a browser would send it: what is filled in, chosen, and hidden."""
    form = re.search(r'<form class="policy".*?</form>', page, re.DOTALL)
    assert form
    found = {}
    for tag in re.findall(r"<input[^>]*>", form[0]):
        told = dict(re.findall(r'(\w+)="([^"]*)"', tag))
        if told.get("type") not in ("radio", "checkbox") or " checked" in tag:
            found[told["name"]] = told["value"]
    chosen = re.search(r'<option value="(\w+)" selected>', form[0])
    assert chosen
    return found | {"target": chosen[1]}


def filled(browser: Browser, gate: str, **changes: str) -> dict[str, str]:
    form = fields_in(browser.get(f"/gates/{gate}/edit").text)
    form.pop("csrf")
    return form | changes


@pytest.mark.parametrize(
    ("name", "status"), [("ann", 403), ("eve", 403), ("ida", 200), ("max", 200)]
)
def test_who_may_look(someone: Callable[..., Browser], name: str, status: int) -> None:
    browser = someone(name)
    for path in ("/gates", "/gates/comments", "/gates/comments/versions/1"):
        assert browser.get(path).status_code == status
    assert ('href="/gates"' in browser.get("/review").text) == (status == 200)


def test_an_auditor_reads_and_changes_nothing(
    site: Site, someone: Callable[..., Browser], max_: Browser
) -> None:
    before = policy(site).version
    ida, form = someone("ida"), filled(max_, "comments", low="5", step="save")
    assert 'id="edit"' not in ida.get("/gates/comments").text
    assert ida.get("/gates/comments/edit").status_code == 403
    assert ida.post("/gates/comments/edit", **form).status_code == 403
    assert ida.post("/gates/comments/versions/1/put-back", over="1").status_code == 403
    assert policy(site).version == before


def test_promises_are_told_in_words(max_: Browser) -> None:
    page = max_.get("/gates/earning").text.replace("\u00a0", " ")
    assert "wrong approvals at most 5 %, wrong rejections at most 6 %, 90 % sure" in page
    assert "Of the approvals, at most 5% wrong" in page
    assert "At most 200 reviews a day" in page
    assert "own certificate" in page
    assert "Labels still needed" in page
    assert '<svg class="frontier"' in page
    assert "As a table" in page
    fixed = max_.get("/gates/comments").text
    assert "nothing proves how often these thresholds go wrong" in fixed
    assert "unknown" in fixed
    assert re.search(r"between 0 and \d+ of \d+: nobody judged \d+", fixed)


def test_the_categories_that_it_knows_are_told(
    max_: Browser, someone: Callable[..., Browser]
) -> None:
    page = max_.get("/gates/comments").text
    assert "also wellness" in page
    assert "Items of any other category go to people." in page
    chinese = someone("max", **{"Accept-Language": "zh-CN"}).get("/gates/comments").text
    assert "又称 wellness" in chinese
    assert "其他类别的内容由人工决定。" in chinese


def test_a_category_that_is_only_named_is_a_difference(site: Site) -> None:
    before = policy(site)
    [found] = differences(before, replace(before, aliases={**before.aliases, "toys": ()}))
    assert (found.key, found.then, found.now) == ("categories.toys", "–", "{}")


def test_more_than_people_can_do_is_told(site: Site, max_: Browser) -> None:
    assert re.search(r"About \d+ reviews a day are to be expected", max_.get("/gates/earning").text)
    version = policy(site, "earning").version
    fewer = filled(max_, "earning", reviews_a_day="10", step="save")
    page = max_.post("/gates/earning/edit", **fewer).text
    assert re.search(
        r"People would have to do about \d+ reviews a day, and the contract has 10", page
    )
    max_.post(f"/gates/earning/versions/{version}/put-back", over=str(version + 1))
    assert "People would have to do" not in max_.get("/gates/earning").text


def test_both_languages(someone: Callable[..., Browser]) -> None:
    browser = someone("max", **{"Accept-Language": "zh-CN"})
    assert "误批准率不超过" in browser.get("/gates/earning").text
    assert "没有任何证据表明" in browser.get("/gates/comments").text
    assert "查看影响" in browser.get("/gates/earning/edit").text


def test_the_form_says_what_the_policy_says(site: Site, max_: Browser) -> None:
    """Looked at and sent back as it is, it changes nothing."""
    for gate in ("earning", "comments"):
        before = policy(site, gate)
        page = max_.post(f"/gates/{gate}/edit", **filled(max_, gate))
        assert "This is what the gate says already" in page.text
        page = max_.post(f"/gates/{gate}/edit", **filled(max_, gate, step="save"))
        assert "nothing was saved" in page.text
        assert policy(site, gate) == before


def test_looked_at_saved_and_put_back(site: Site, max_: Browser) -> None:
    before = policy(site)
    form = filled(max_, "comments", low="5.5", high="60", note="too slow")
    looked = max_.post("/gates/comments/edit", **form)
    assert policy(site) == before, "looking changes nothing"
    assert "Save as version 2" in looked.text
    assert "from review to approved" in looked.text
    saved = max_.post(
        "/gates/comments/edit", **fields_in(looked.text), note="too slow", step="save"
    )
    assert saved.url.path == "/gates/comments"
    assert "The new version is in force" in saved.text
    assert (policy(site).thresholds.low, policy(site).thresholds.high) == (0.055, 0.6)
    assert policy(site).review == before.review
    newest = site.services.gates.policies.versions("comments", ALL, Page(limit=1))[0]
    assert (newest.change.cause, newest.change.actor) == (Cause.PUT, "person:max")
    assert "too slow" in saved.text
    version = max_.get("/gates/comments/versions/1").text
    assert "Put version 1 back" in version
    assert "5.5%" in version
    back = max_.post("/gates/comments/versions/1/put-back", over="2", note="sorry")
    assert "Put back, as a new version" in back.text
    assert policy(site).thresholds == before.thresholds
    assert "Version 1 put back" in back.text


@pytest.mark.parametrize(
    ("gate", "changes", "said"),
    [
        ("comments", {"low": "95"}, "Approving must start above"),
        ("comments", {"low": "ten"}, "This is not a number"),
        ("comments", {"high": "NaN"}, "This is not a number"),
        ("comments", {"high": "120"}, "less than or equal to 1"),
        ("comments", {"panel_share": "60"}, "less than or equal to 0.5"),
        ("earning", {"wrong_approvals": "", "wrong_rejections": ""}, "State the error"),
        ("earning", {"wrong_approvals": "0"}, "greater than 0"),
        ("earning", {"review_min": "50"}, "The most review is below the least"),
        ("earning", {"confidence": "100"}, "0.9 and 0.95 are usual"),
        ("earning", {"reviews_a_day": "1.5"}, "valid integer"),
        ("earning", {"cost_approval": "-1"}, "greater than or equal to 0"),
    ],
)
def test_a_mistake_is_told_at_its_field(
    site: Site, max_: Browser, gate: str, changes: dict[str, str], said: str
) -> None:
    before = policy(site, gate)
    for step in ("look", "save"):
        page = max_.post(f"/gates/{gate}/edit", **filled(max_, gate, step=step) | changes)
        assert page.status_code == 422
        assert said in page.text
        assert 'role="alert"' in page.text
        for name, value in changes.items():
            assert f'name="{name}" value="{value}"' in page.text, "what was filled in is kept"
    assert policy(site, gate) == before


def test_somebody_was_faster(site: Site, max_: Browser) -> None:
    known, form = policy(site, "hooks").version, filled(max_, "hooks", high="80", step="save")
    services = site.services
    put = services.gates.workshop.changed(policy(site, "hooks"), {"panel_share": 0.1})
    other = Principal(name="person:eve", scopes=ALL.scopes)
    services.gates.changes.put("hooks", lambda _: put, other, over=known)
    page = max_.post("/gates/hooks/edit", **form)
    assert "Somebody changed the gate meanwhile" in page.text
    assert policy(site, "hooks").version == known + 1
    assert fields_in(page.text)["over"] == str(known + 1)
    late = max_.post(f"/gates/hooks/versions/{known}/put-back", over=str(known))
    assert (late.status_code, policy(site, "hooks").version) == (412, known + 1)
    assert "Things have moved on" in late.text


def test_what_is_not_there(max_: Browser) -> None:
    for path in ("/gates/gone", "/gates/comments/versions/99", "/gates/gone/edit"):
        assert max_.get(path).status_code == 404
    assert max_.get("/gates/comments/versions/99999999999999999999").status_code == 422


def test_audits_that_nobody_gets_to_are_told(site: Site, max_: Browser) -> None:
    told = "Less than half of those drawn are judged."
    known = policy(site, "hooks")
    audited = replace(known, audits=AuditRules(share=0.25))
    change = Change(cause=Cause.PUT, actor="test", note="")
    with site.store.transaction() as tx:
        succeed(tx, audited, over=known.version, change=change, now=site.clock.now())
    site.services.gates.policies.load()
    assert told not in max_.get("/gates/hooks").text
    for _ in range(40):  # each is drawn with 0.39: one of them is, but once in 10 ** 8 times
        site.ask(gate="hooks", signals={"score": 0.95})
    assert told in max_.get("/gates/hooks").text
