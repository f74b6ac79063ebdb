"""The real data sets: where they are found, how they are cleaned, how they are split.

A set is looked for in `GATE_DATA_DIR`, then in the folder `shared/data` beside this checkout, then
where `python -m corpora fetch` puts it. No row of a set is ever committed here. In every
set the label that is read is the gate's: 1 where approving is right.
"""

from corpora.cold_zh import COLD_ZH, cold_zh
from corpora.convabuse import CONVABUSE, Message, Vote, convabuse
from corpora.davidson import DAVIDSON, davidson
from corpora.german_credit import GERMAN_CREDIT, Application, german_credit
from corpora.sources import DataMissing, DataSource, find
from corpora.splits import SPLIT_SEED, SPLIT_SHARES, split, without_duplicates
from corpora.texts import LabelledText

SETS = (DAVIDSON, COLD_ZH, CONVABUSE, GERMAN_CREDIT)

__all__ = [
    "COLD_ZH",
    "CONVABUSE",
    "DAVIDSON",
    "GERMAN_CREDIT",
    "SETS",
    "SPLIT_SEED",
    "SPLIT_SHARES",
    "Application",
    "DataMissing",
    "DataSource",
    "LabelledText",
    "Message",
    "Vote",
    "cold_zh",
    "convabuse",
    "davidson",
    "find",
    "german_credit",
    "split",
    "without_duplicates",
]
