"""Data that is missing is told with the remedy; data that was changed is not kept."""

from collections import Counter
from pathlib import Path

import pytest

import corpora
from corpora import DataSource, LabelledText, sources
from corpora.german_credit import CHOICES, NUMBERS


def item(text: str) -> LabelledText:
    return LabelledText(text=text, label=1, approving_share=1.0)


def write(file: Path, *lines: str) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text("\n".join((*lines, "")), encoding="utf-8")


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where sets are looked for first."""
    monkeypatch.setenv("GATE_DATA_DIR", str(tmp_path))
    return tmp_path


def test_a_missing_set_is_told_with_the_remedy(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sources, "REPOSITORY", tmp_path / "checkout")
    monkeypatch.setattr(sources, "FETCHED", tmp_path / "fetched")
    monkeypatch.delenv("GATE_DATA_DIR", raising=False)
    with pytest.raises(corpora.DataMissing, match="python -m corpora fetch"):
        corpora.davidson()


def test_the_configured_folder_comes_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "davidson" / "davidson.csv"
    file.parent.mkdir()
    file.write_text(
        "id,text,n,hate,offensive,neither,n_pos,class,label\n"
        "0,Tom &amp; Jerry,3,0,1,2,1,2,0\n"
        "1,RT @someone: tom &amp; jerry!,3,0,0,3,0,2,0\n"
    )
    monkeypatch.setenv("GATE_DATA_DIR", str(tmp_path))
    [item] = corpora.davidson()
    assert item == LabelledText(text="Tom & Jerry", label=1, approving_share=item.approving_share)
    assert item.approving_share == pytest.approx(2 / 3)


@pytest.mark.parametrize("source", corpora.SETS, ids=lambda source: source.name)
def test_a_published_file_with_another_hash_is_not_kept(source: DataSource) -> None:
    with pytest.raises(ValueError, match="nothing was kept"):
        sources.kept(source, dict.fromkeys(source.published, b"a,b\n1,2\n"))


@pytest.mark.parametrize("source", corpora.SETS, ids=lambda source: source.name)
def test_every_set_says_where_it_is_from_and_under_which_licence(source: DataSource) -> None:
    assert source.commit in source.address(next(iter(source.published)))
    assert source.licence
    assert all(len(known) == 64 for known in (*source.published.values(), *source.kept.values()))


def test_chinese_posts_stand_in_one_part_with_the_gates_label(folder: Path) -> None:
    write(
        folder / "cold_zh" / "train.csv", "text,label,topic", "早上好！,0,region", "滚出去,1,race"
    )
    write(folder / "cold_zh" / "dev.csv", "id,split,topic,label,text", "1,dev,race,1,滚出去。")
    write(
        folder / "cold_zh" / "test.csv",
        "id,split,topic,label,fine,text",
        "1,test,gender,0,3,她说得对",
        "2,test,gender,0,3,“她说得对”",
    )
    said = {
        part: [(post.text, post.label, post.category) for post in posts]
        for part, posts in corpora.cold_zh().items()
    }
    assert said == {
        "train": [("早上好！", 1, "region")],
        "dev": [("滚出去。", 0, "race")],
        "test": [("她说得对", 1, "gender")],
    }


def test_messages_come_with_who_said_what_of_them(folder: Path) -> None:
    write(
        folder / "convabuse" / "items.csv",
        "item,bot,prev_agent,prev_user,agent,user,n_abusive,n_annotators,label",
        "0,Eliza,Hello.,hi,Please go on.,you are dumb,1,2,0",
    )
    write(
        folder / "convabuse" / "votes.csv",
        "item,annotator_id,severity,abusive",
        "0,Annotator1,-1,1",
        "0,Annotator2,0,0",
    )
    (message,) = corpora.convabuse()
    assert (message.text, message.label, message.approving_share) == ("you are dumb", 1, 0.5)
    assert message.before == ("Hello.", "hi", "Please go on.")
    assert [(vote.annotator, vote.approves) for vote in message.votes] == [
        ("Annotator1", False),
        ("Annotator2", True),
    ]


def test_published_votes_become_messages_that_each_expert_judged_once() -> None:
    columns = "annotator_id,prev_agent,prev_user,agent,user,bot," + ",".join(
        f"is_abuse.{severity}" for severity in (1, 0, -1, -2, -3)
    )
    rows = [
        "A,Hello.,hi,Go on.,you fool,Eliza,0,0,1,0,0",
        "A,Hello.,hi,Go on.,you fool,Eliza,1,0,0,0,0",
        "B,Hello.,hi,Go on.,you fool,Eliza,0,0,0,1,0",
    ]
    (path,) = corpora.CONVABUSE.published
    files = corpora.CONVABUSE.keep({path: "\n".join([columns, *rows]).encode()})
    assert files["items.csv"].decode().splitlines()[1] == "0,Eliza,Hello.,hi,Go on.,you fool,2,2,1"
    assert files["votes.csv"].decode().splitlines()[1:] == ["0,A,-1,1", "0,A,1,0", "0,B,-2,1"]


def test_an_application_is_in_plain_words(folder: Path) -> None:
    row = dict.fromkeys(NUMBERS, "1") | {
        column: next(iter(meanings)) for column, (_, meanings) in CHOICES.items()
    }
    columns, values = ",".join([*row, "label"]), ",".join([*row.values(), "1"])
    write(folder / "german_credit" / "german.csv", columns, values)
    (application,) = corpora.german_credit()
    assert application.label == 0
    assert application.fields["checking_account"] == "below 0 DM"
    assert application.fields["duration_months"] == 1
    assert len(application.fields) == 20


def test_the_sets_are_whole() -> None:
    try:
        posts, messages = corpora.cold_zh(), corpora.convabuse()
        applications = corpora.german_credit()
    except corpora.DataMissing as missing:
        pytest.skip(str(missing))
    assert {part: len(items) for part, items in posts.items()} == {
        "train": 25553,
        "dev": 6413,
        "test": 5320,
    }
    assert (len(messages), sum(message.label for message in messages)) == (4052, 3481)
    assert sum(len(message.votes) for message in messages) == 12768
    assert (len(applications), sum(one.label for one in applications)) == (1000, 700)


def test_a_text_stays_in_its_part_whoever_else_is_there() -> None:
    items = [item(f"text number {number}") for number in range(2000)]
    parts = corpora.split(items)
    again = corpora.split(items[::3])
    for name, members in again.items():
        assert {member.text for member in members} <= {member.text for member in parts[name]}
    shares = {name: len(members) / len(items) for name, members in parts.items()}
    assert shares == pytest.approx(corpora.SPLIT_SHARES, abs=0.03)


def test_the_same_words_to_others_never_stand_in_two_parts() -> None:
    said = ["see you there", "RT @kim: see you there!", "@lee See you, there http://a.b/c"]
    assert Counter(len(part) for part in corpora.split([item(text) for text in said]).values()) == {
        3: 1,
        0: 3,
    }
    assert [kept.text for kept in corpora.without_duplicates(map(item, said))] == said[:1]
