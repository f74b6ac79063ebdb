"""ConvAbuse: messages to chatbots and their named judges (Cercas Curry, Abercrombie, Rieser 2021).

Offensive by nature, and in English. Who of eight experts judged what is known, so reviewers'
quality and disagreement can be studied on it.
"""

from collections import defaultdict
from dataclasses import dataclass

from corpora.sources import DataSource, Files, find
from corpora.tables import rows_in, rows_of, table
from corpora.texts import LabelledText

PUBLISHED = "1_full/ConvAbuseEMNLPfull.csv"
ITEMS, VOTES = "items.csv", "votes.csv"
TURNS = ("prev_agent", "prev_user", "agent", "user")
SEVERITIES = (1, 0, -1, -2, -3)


@dataclass(frozen=True, kw_only=True)
class Vote:
    """What one expert said: 1 not abusive, 0 ambiguous, -1 to -3 abusive, ever more strongly."""

    annotator: str
    severity: int

    @property
    def approves(self) -> bool:
        return self.severity >= 0


@dataclass(frozen=True, kw_only=True)
class Message(LabelledText):
    """A user's message to a chatbot, what was said before (the oldest first), and every vote.

    An expert who was shown it twice has two votes; label and share rest on each one's first. A tie
    is no majority for rejecting.
    """

    bot: str
    before: tuple[str, ...]
    votes: tuple[Vote, ...]


def convabuse() -> list[Message]:
    """4,052 messages with 12,768 votes of 8 experts, no two with the same words before them.

    The same message may stand there after other words; `split` puts it into one part.
    """
    votes = defaultdict(list)
    for row in rows_in(find(CONVABUSE, VOTES)):
        vote = Vote(annotator=row["annotator_id"], severity=int(row["severity"]))
        votes[row["item"]].append(vote)
    return [
        Message(
            text=row["user"],
            label=1 - int(row["label"]),
            approving_share=1 - int(row["n_abusive"]) / int(row["n_annotators"]),
            bot=row["bot"],
            before=tuple(row[turn] for turn in TURNS[:-1]),
            votes=tuple(votes[row["item"]]),
        )
        for row in rows_in(find(CONVABUSE, ITEMS))
    ]


def _keep(published: Files) -> Files:
    numbers: dict[tuple[str, ...], int] = {}
    items: list[list[str]] = []
    first_votes: dict[int, dict[str, int]] = defaultdict(dict)
    votes = []
    for row in rows_of(published[PUBLISHED]):
        turns = tuple(row[turn] for turn in TURNS)
        if turns not in numbers:
            numbers[turns] = len(numbers)
            items.append([row["bot"], *turns])
        severity = next(s for s in SEVERITIES if row[f"is_abuse.{s}"] == "1")
        abusive = int(severity < 0)
        votes.append([numbers[turns], row["annotator_id"], severity, abusive])
        first_votes[numbers[turns]].setdefault(row["annotator_id"], abusive)
    counted = [(sum(votes.values()), len(votes)) for _, votes in sorted(first_votes.items())]
    return {
        ITEMS: table(
            ["item", "bot", *TURNS, "n_abusive", "n_annotators", "label"],
            (
                [number, *item, against, of, int(2 * against > of)]
                for number, (item, (against, of)) in enumerate(zip(items, counted, strict=True))
            ),
        ),
        VOTES: table(["item", "annotator_id", "severity", "abusive"], votes),
    }


CONVABUSE = DataSource(
    name="convabuse",
    repository="amandacurry/convabuse",
    commit="c0a9469f48956e868276c605d499010ea3c7c0d0",
    licence="CC BY 4.0 (Amanda Cercas Curry, Gavin Abercrombie, Verena Rieser, 2021)",
    published={PUBLISHED: "c054ed30375651cd234930eada705fee6fcad79f86bdca45c1e557284b6b1af4"},
    kept={
        ITEMS: "408f1f7fe3eb78e4041239e46ea839bc6ce7611862a0ec5c04ab168578dd9a1c",
        VOTES: "6d7761d242ec23543025fcf99324e257581c9ae336bd77a1e3d34d847ee893aa",
    },
    keep=_keep,
)
