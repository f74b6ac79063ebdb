"""German credit (Hofmann, Statlog): 1,000 loan applications of the 1970s, 30 % of them bad.

Applications were granted, so nothing is known of those that were refused; bad ones were sampled
more often than they occur. A wrong approval is taken to cost five times a wrong rejection.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from corpora.sources import DataSource, Files, find
from corpora.tables import rows_in, rows_of, table

PUBLISHED = "german.data"
FILE = "german.csv"
WRONG_APPROVAL_COST = 5.0
WRONG_REJECTION_COST = 1.0


@dataclass(frozen=True, kw_only=True)
class Application:
    """One loan application in plain words, and the truth: `label` is 1 where it was paid back."""

    fields: Mapping[str, str | int]
    label: int


NUMBERS = {
    "DURATION_MONTHS": "duration_months",
    "AMOUNT": "amount",
    "INSTALLMENT_RATE": "instalment_share_of_income",
    "PRESENT_RESIDENCE_SINCE": "residence_since",
    "AGE": "age",
    "NUMBER_OF_CREDIT_CARDS": "credits_at_this_bank",
    "LIABLE_PEOPLE": "dependants",
}
"""The numeric columns, by the name they get here. Instalment share and residence are in grades of
1 to 4. The copy names the credits at this bank wrongly; the set's own description does not."""

CHOICES = {
    "STATUS_ACCOUNT": (
        "checking_account",
        {
            "A11": "below 0 DM",
            "A12": "0 to 200 DM",
            "A13": "200 DM or more",
            "A14": "none",
        },
    ),
    "CREDIT_HISTORY": (
        "credit_history",
        {
            "A30": "no credits, or all paid back",
            "A31": "all at this bank paid back",
            "A32": "paid back duly so far",
            "A33": "delays in the past",
            "A34": "critical, or credits elsewhere",
        },
    ),
    "PURPOSE": (
        "purpose",
        {
            "A40": "new car",
            "A41": "used car",
            "A42": "furniture",
            "A43": "radio or television",
            "A44": "household appliances",
            "A45": "repairs",
            "A46": "education",
            "A48": "retraining",
            "A49": "business",
            "A410": "other",
        },
    ),
    "BONDS": (
        "savings",
        {
            "A61": "below 100 DM",
            "A62": "100 to 500 DM",
            "A63": "500 to 1,000 DM",
            "A64": "1,000 DM or more",
            "A65": "none, or unknown",
        },
    ),
    "EMPLOYMENT": (
        "employed_for",
        {
            "A71": "unemployed",
            "A72": "less than 1 year",
            "A73": "1 to 4 years",
            "A74": "4 to 7 years",
            "A75": "7 years or more",
        },
    ),
    "PERSONAL_STATUS_AND_SEX": (
        "personal_status_and_sex",
        {
            "A91": "male, divorced or separated",
            "A92": "female, divorced, separated or married",
            "A93": "male, single",
            "A94": "male, married or widowed",
        },
    ),
    "OTHER_DEBTORS": (
        "other_debtors",
        {"A101": "none", "A102": "co-applicant", "A103": "guarantor"},
    ),
    "PROPERTY": (
        "property",
        {
            "A121": "real estate",
            "A122": "savings agreement or life insurance",
            "A123": "car or other",
            "A124": "none, or unknown",
        },
    ),
    "INSTALLMENT_PLANS": (
        "other_instalments",
        {"A141": "at a bank", "A142": "at shops", "A143": "none"},
    ),
    "HOUSING": ("housing", {"A151": "rented", "A152": "owned", "A153": "for free"}),
    "JOB": (
        "job",
        {
            "A171": "unemployed, or unskilled and not resident",
            "A172": "unskilled, resident",
            "A173": "skilled",
            "A174": "management, self-employed or highly qualified",
        },
    ),
    "TELEPHONE": ("telephone", {"A191": "none", "A192": "registered"}),
    "FOREIGN": ("foreign_worker", {"A201": "yes", "A202": "no"}),
}
"""The columns of codes: the name they get here, and what each code means."""


def german_credit() -> list[Application]:
    """1,000 applications, no two the same, in the order of the file."""
    return [_application(row) for row in rows_in(find(GERMAN_CREDIT))]


def _application(row: Mapping[str, str]) -> Application:
    fields: dict[str, str | int] = {}
    for column, value in row.items():
        if column in NUMBERS:
            fields[NUMBERS[column]] = int(value)
        elif column in CHOICES:
            name, meanings = CHOICES[column]
            fields[name] = meanings[value]
    return Application(fields=fields, label=1 - int(row["label"]))


def _keep(published: Files) -> Files:
    rows = rows_of(published[PUBLISHED], delimiter=" ")
    columns = [*rows[0], "label"]
    return {FILE: table(columns, ([*row.values(), 1 - int(row["CLASSIFICATION"])] for row in rows))}


GERMAN_CREDIT = DataSource(
    name="german_credit",
    repository="lfvvercosa/base_german",
    commit="caf811a68d2cd81c9e19809b3db5a8deeab7a31b",
    licence="CC BY 4.0 (Hans Hofmann, UCI Machine Learning Repository, 1994)",
    published={PUBLISHED: "d4d07316a7b3dd7271bb9903dd992cd7437735211f3d75db7f8e5a56c1440984"},
    kept={FILE: "eb89ea67940ae87c62782f10993b9011f4ce98a841f9ac5ac54b2006a775ccea"},
    keep=_keep,
)
