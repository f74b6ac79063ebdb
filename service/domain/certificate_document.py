"""Contracts and certificates as JSON documents: how they are configured, stored and read back."""

from collections.abc import Mapping
from dataclasses import asdict
from datetime import datetime
from typing import Any

from service.domain.certificate import (
    BadContract,
    Certificate,
    Costs,
    Finding,
    Method,
    Promise,
    Proof,
    ReviewBounds,
    RiskContract,
    Tally,
    Target,
)
from service.domain.decision import Thresholds

REFERENCE = "reference"
"""The key of the confidences that a certificate rests on, which later ones are held against."""


def contract_document(contract: RiskContract) -> dict[str, Any]:
    """The contract by the keys of the configuration; what was left out stays out."""
    found = asdict(contract) | {"target": contract.target.value}
    return {key: value for key, value in found.items() if value is not None}


def contract_of(document: Mapping[str, Any]) -> RiskContract:
    """The contract of a document. BadContract, by name, where it is none."""
    given = dict(document)
    try:
        target = Target(given.pop("target"))
        review = ReviewBounds(**given.pop("review", {}))
        costs = Costs(**given.pop("costs")) if "costs" in given else None
        return RiskContract(target=target, review=review, costs=costs, **given)
    except (KeyError, TypeError, ValueError) as error:
        raise BadContract(
            f"This is no risk contract: {error}.",
            fix="A contract has a target (per_side, auto_error or system_error), its limits, and "
            "optionally confidence, review {min, max}, reviews_a_day, certify_every_days and "
            "costs.",
        ) from error


def certificate_document(certificate: Certificate) -> dict[str, Any]:
    """The certificate, whole: what `certificate_of` reads."""
    since, until = certificate.since, certificate.until
    return asdict(certificate) | {
        "contract": contract_document(certificate.contract),
        "proofs": [
            asdict(proof)
            | {
                "promise": proof.promise.value,
                "finding": proof.finding.value,
                "method": proof.method.value,
            }
            for proof in certificate.proofs
        ],
        "since": since and since.isoformat(),
        "until": until and until.isoformat(),
    }


def certificate_of(document: Mapping[str, Any]) -> Certificate:
    """The certificate a document was written from. KeyError, TypeError or ValueError for others.

    What is stored beside it, REFERENCE, is for whoever watches the gate.
    """
    kept = {key: value for key, value in document.items() if key != REFERENCE}
    since, until = document["since"], document["until"]
    return Certificate(
        **kept
        | {
            "contract": contract_of(document["contract"]),
            "thresholds": Thresholds(**document["thresholds"]),
            "proofs": tuple(_proof_of(proof) for proof in document["proofs"]),
            "approvals": Tally(**document["approvals"]),
            "rejections": Tally(**document["rejections"]),
            "since": datetime.fromisoformat(since) if since else None,
            "until": datetime.fromisoformat(until) if until else None,
        }
    )


def _proof_of(document: Mapping[str, Any]) -> Proof:
    return Proof(
        **dict(document)
        | {
            "promise": Promise(document["promise"]),
            "finding": Finding(document["finding"]),
            "method": Method(document["method"]),
        }
    )
