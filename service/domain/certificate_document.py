"""Contracts and certificates as JSON documents: how they are stored and shown."""

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from service.domain.certificate import (
    Certificate,
    Costs,
    Proof,
    ReviewBounds,
    RiskContract,
    Tally,
    Target,
)
from service.domain.certificate_words import in_chinese, in_english


def contract_document(contract: RiskContract) -> dict[str, Any]:
    """The contract's content: equal documents are equal contracts."""
    return {**asdict(contract), "target": contract.target.value}


def contract_of(document: Mapping[str, Any]) -> RiskContract:
    """The contract that a document was written from. Raises BadContract for one that is none."""
    costs = document["costs"]
    return RiskContract(
        **{
            **document,
            "target": Target(document["target"]),
            "review": ReviewBounds(**document["review"]),
            "costs": None if costs is None else Costs(**costs),
        }
    )


def certificate_document(certificate: Certificate) -> dict[str, Any]:
    """Everything a certificate says, with its sentence: enough to check it a year later."""
    return {
        "contract": contract_document(certificate.contract),
        "thresholds": asdict(certificate.thresholds),
        "proofs": [_proof(proof) for proof in certificate.proofs],
        "approvals": _tally(certificate.approvals),
        "rejections": _tally(certificate.rejections),
        "labels": certificate.labels,
        "tested": certificate.tested,
        "coverage": certificate.coverage,
        "within_review_bounds": certificate.within_review_bounds,
        "sample_sha256": certificate.sample_sha256,
        "seed": certificate.seed,
        "calibrator": dict(certificate.calibrator),
        "code_version": certificate.code_version,
        "scope": certificate.scope,
        "since": certificate.since and certificate.since.isoformat(),
        "until": certificate.until and certificate.until.isoformat(),
        "in_words": {"en": in_english(certificate), "zh-Hans": in_chinese(certificate)},
    }


def _proof(proof: Proof) -> dict[str, Any]:
    return {
        **asdict(proof),
        "promise": proof.promise.value,
        "finding": proof.finding.value,
        "method": proof.method.value,
    }


def _tally(tally: Tally) -> dict[str, int]:
    return {"decided": tally.decided, "wrong": tally.wrong}
