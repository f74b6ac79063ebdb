"""A certificate as a sentence that the owner of a gate understands, in English and Chinese."""

from datetime import datetime
from typing import assert_never

from service.domain.certificate import Certificate, Finding, Promise, Proof, Target

MONTHS = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
]


def in_english(certificate: Certificate) -> str:
    """E.g. "wrong approvals at most 1 %, 95 % sure, from 2,310 labels of 3-20 November 2025"."""
    parts = [_proof_in_english(proof, certificate) for proof in certificate.proofs]
    if certificate.opens:
        parts.append(f"{_percent(certificate.contract.confidence)} % sure")
    since, until = certificate.since, certificate.until
    days = f" of {_days_in_english(since, until)}" if since and until else ""
    plural = "" if certificate.labels == 1 else "s"
    return f"{', '.join(parts)}, from {certificate.labels:,} label{plural}{days}"


def in_chinese(certificate: Certificate) -> str:
    """E.g. "误批准率不超过 1%,置信度 95%,依据 2025年11月3日至20日的 2,310 条标注", full-width."""
    parts = [_proof_in_chinese(proof, certificate) for proof in certificate.proofs]
    if certificate.opens:
        parts.append(f"置信度 {_percent(certificate.contract.confidence)}%")
    since, until = certificate.since, certificate.until
    days = f"{_days_in_chinese(since, until)}的" if since and until else ""
    return f"{'，'.join(parts)}，依据{' ' + days if days else ''} {certificate.labels:,} 条标注"


def _proof_in_english(proof: Proof, certificate: Certificate) -> str:
    match proof.promise:
        case Promise.WRONG_APPROVALS:
            what, closed = "wrong approvals", "nothing is approved automatically"
        case Promise.WRONG_REJECTIONS:
            what, closed = "wrong rejections", "nothing is rejected automatically"
        case Promise.WRONG_ANSWERS:
            joint_error = "wrong automatic answers"
            everywhere = f"{joint_error} among all items"
            is_system = certificate.contract.target is Target.SYSTEM_ERROR
            what, closed = everywhere if is_system else joint_error, "nothing is automatic"
        case _:
            assert_never(proof.promise)
    limit = f"{what} at most {_percent(proof.alpha)} %"
    match proof.finding:
        case Finding.PROVEN:
            return limit
        case Finding.NOT_PROVEN:
            return f"{closed} ({limit}: not proven)"
        case Finding.TOO_FEW_LABELS:
            return f"{closed} ({limit}: takes at least {proof.fewest:,} labels without an error)"
        case Finding.ONE_LABEL_ONLY:
            return f"{closed} ({limit}: all labels are alike)"
        case _:
            assert_never(proof.finding)


def _proof_in_chinese(proof: Proof, certificate: Certificate) -> str:
    match proof.promise:
        case Promise.WRONG_APPROVALS:
            what, closed = "误批准率", "不自动批准"
        case Promise.WRONG_REJECTIONS:
            what, closed = "误拒绝率", "不自动拒绝"
        case Promise.WRONG_ANSWERS:
            is_system = certificate.contract.target is Target.SYSTEM_ERROR
            what = "自动处理的错误占全部条目的比例" if is_system else "自动处理的错误率"
            closed = "不自动处理"
        case _:
            assert_never(proof.promise)
    limit = f"{what}不超过 {_percent(proof.alpha)}%"
    match proof.finding:
        case Finding.PROVEN:
            return limit
        case Finding.NOT_PROVEN:
            return f"{closed}（{limit}：未获证明）"
        case Finding.TOO_FEW_LABELS:
            return f"{closed}（{limit}：至少需要 {proof.fewest:,} 条无差错的标注）"
        case Finding.ONE_LABEL_ONLY:
            return f"{closed}（{limit}：所有标注都相同）"
        case _:
            assert_never(proof.finding)


def _percent(share: float) -> str:
    return f"{100 * share:.6g}"


def _days_in_english(since: datetime, until: datetime) -> str:
    last = f"{until.day} {MONTHS[until.month - 1]} {until.year}"
    if since.date() == until.date():
        return last
    if since.year != until.year:
        return f"{since.day} {MONTHS[since.month - 1]} {since.year} to {last}"
    if since.month != until.month:
        return f"{since.day} {MONTHS[since.month - 1]} to {last}"
    return f"{since.day}-{last}"


def _days_in_chinese(since: datetime, until: datetime) -> str:
    first = f"{since.year}年{since.month}月{since.day}日"
    if since.date() == until.date():
        return first
    if since.year != until.year:
        return f"{first}至{until.year}年{until.month}月{until.day}日"
    if since.month != until.month:
        return f"{first}至{until.month}月{until.day}日"
    return f"{first}至{until.day}日"
