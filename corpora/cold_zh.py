"""COLD: Chinese posts about race, region and gender, offensive or not (Deng et al., 2022).

Offensive by nature. Its own parts are kept; the test part is not like the others (40 % offensive
against 49.5 %, other shares of topics), so it shows how a model fares where texts have changed.
"""

from corpora.sources import DataSource, Files, find
from corpora.splits import essence, without_duplicates
from corpora.tables import rows_in, rows_of, table
from corpora.texts import LabelledText

PARTS = ("test", "dev", "train")


def cold_zh() -> dict[str, list[LabelledText]]:
    """37,480 posts as {train, dev, test}, with the topic (race, region, gender) as category.

    A post that stands in several parts is kept in the test part, else in dev: none is learnt from
    and measured by.
    """
    seen: set[str] = set()
    parts = {}
    for part in PARTS:
        posts = without_duplicates(_posts(part))
        parts[part] = [post for post in posts if essence(post.text) not in seen]
        seen.update(essence(post.text) for post in posts)
    return {part: parts[part] for part in reversed(PARTS)}


def _posts(part: str) -> list[LabelledText]:
    return [
        LabelledText(
            text=row["text"].strip(),
            label=1 - int(row["label"]),
            approving_share=1 - int(row["label"]),
            category=row["topic"],
        )
        for row in rows_in(find(COLD_ZH, f"{part}.csv"))
    ]


def _keep(published: Files) -> Files:
    rows = {part: rows_of(published[f"COLDataset/{part}.csv"]) for part in PARTS}
    layouts = {
        "test": {
            "id": "",
            "split": "split",
            "topic": "topic",
            "label": "label",
            "fine": "fine-grained-label",
            "text": "TEXT",
        },
        "dev": {"id": "", "split": "split", "topic": "topic", "label": "label", "text": "TEXT"},
        "train": {"text": "TEXT", "label": "label", "topic": "topic"},
    }
    return {
        f"{part}.csv": table(
            list(layout), ([row[column] for column in layout.values()] for row in rows[part])
        )
        for part, layout in layouts.items()
    }


COLD_ZH = DataSource(
    name="cold_zh",
    repository="thu-coai/COLDataset",
    commit="a0c55a945497ab58e94aef491180e1cf88ffb864",
    licence="Apache-2.0 (thu-coai, 2022)",
    published={
        "COLDataset/train.csv": "16ca7955bdcaf90f5d8ac39e51eb3eda15320caa1e730ed45cb5e8ca8cd0d5e8",
        "COLDataset/dev.csv": "28e67a26815aa1852449ba06919e51c07060d146e2bd23101cc0137a0ff94b7c",
        "COLDataset/test.csv": "b06d31481f0d558b6dc8140408938abe8dba8083cd9976b4ba8f5c837fbe78ed",
    },
    kept={
        "train.csv": "ff2aa384fcb4bd052400966a4accf4bec2474f1aea78a29d7893fd74afe32b81",
        "dev.csv": "2b466d35fd71b3b5b80396472db6b36cb5444857a198d2f59341d0b67e9bf0fe",
        "test.csv": "c020e4044a35c0643044510c9c1f76aec3d69438dfe5cde9aaf66d3334b06006",
    },
    keep=_keep,
)
