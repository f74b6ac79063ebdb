"""Davidson: English tweets, hateful, offensive or neither, with the votes of 3 annotators or more.

Offensive by nature. They were gathered by a lexicon of slurs, so 83 % are offensive.
"""

import html

from corpora.sources import DataSource, Files, find
from corpora.splits import without_duplicates
from corpora.tables import rows_in, rows_of, table
from corpora.texts import LabelledText

PUBLISHED = "data/labeled_data.csv"
FILE = "davidson.csv"
COLUMNS = ["id", "text", "n", "hate", "offensive", "neither", "n_pos", "class", "label"]


def davidson() -> list[LabelledText]:
    """24,783 English tweets, without duplicates, with the HTML entities of their crawl resolved."""
    return without_duplicates(
        LabelledText(
            text=html.unescape(row["text"]).strip(),
            label=1 - int(row["label"]),
            approving_share=int(row["neither"]) / int(row["n"]),
        )
        for row in rows_in(find(DAVIDSON))
    )


def _keep(published: Files) -> Files:
    rows = []
    for row in rows_of(published[PUBLISHED]):
        votes = [row["count"], row["hate_speech"], row["offensive_language"], row["neither"]]
        against = int(row["hate_speech"]) + int(row["offensive_language"])
        label = int(row["class"] != "2")
        rows.append([row[""], row["tweet"], *votes, against, row["class"], label])
    return {FILE: table(COLUMNS, rows)}


DAVIDSON = DataSource(
    name="davidson",
    repository="t-davidson/hate-speech-and-offensive-language",
    commit="cb50f7e9eb855a99abc51423bf40df0e26d6fe30",
    licence="MIT (Tom Davidson, 2017)",
    published={PUBLISHED: "fcb8bc7c68120ae4af04a5b9acd58585513ede11e1548ebf36a5c2040b6f6281"},
    kept={FILE: "a92191ce95cd340bd28266f5a61a1e9f18ccb3b910706e3395803769acddeefd"},
    keep=_keep,
)
