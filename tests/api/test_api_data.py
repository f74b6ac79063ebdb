"""The labelled items of a gate over HTTP."""

import httpx


def test_labelled_items_are_paged_for_managers(api: httpx.Client) -> None:
    made = [
        api.post(
            "/v1/gates/answers/decisions", json={"item": {"text": "x"}, "signals": {"score": 0.95}}
        ).json()["decision_id"]
        for _ in range(3)
    ]
    for decision_id in made:
        api.post("/v1/outcomes", json={"decision_id": decision_id, "truth": "reject"})
    query: dict[str, str | int] = {"case": "failure", "limit": 2}
    found, pages = [], 0
    while pages < 50:
        page = api.get("/v1/gates/answers/data", params=query).json()
        found += [item["decision_id"] for item in page["items"]]
        pages += 1
        if page["next_cursor"] is None:
            break
        query["cursor"] = page["next_cursor"]
    assert set(made) <= set(found)
    assert len(found) == len(set(found))
    assert api.get("/v1/gates/nobody/data").status_code == 404
    assert api.get("/v1/gates/answers/data", params={"case": "x"}).status_code == 422
