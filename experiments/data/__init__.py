"""The real data sets: where they are found, how they are cleaned, how they are split.

A set is looked for in `GATE_DATA_DIR`, then in the folder `shared/data` beside this checkout, then
where `python -m experiments.data fetch` puts it. No row of a set is ever committed here. In every
set the label that is read is the gate's: 1 where approving is right.
"""

from experiments.data.cold_zh import COLD_ZH, cold_zh
from experiments.data.convabuse import CONVABUSE, Message, Vote, convabuse
from experiments.data.davidson import DAVIDSON, davidson
from experiments.data.german_credit import GERMAN_CREDIT, Application, german_credit
from experiments.data.sources import DataMissing, DataSource, find
from experiments.data.splits import SPLIT_SEED, SPLIT_SHARES, split, without_duplicates
from experiments.data.texts import LabelledText

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
