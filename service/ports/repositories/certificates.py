"""Certificates, as they were issued."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from service.domain.ids import CertificateId


@dataclass(frozen=True, kw_only=True)
class StoredCertificate:
    """A certificate as the document it was issued as."""

    id: CertificateId
    gate: str
    created_at: datetime
    document: dict[str, Any]


class Certificates(Protocol):
    def add(self, certificate: StoredCertificate) -> None: ...

    def get(self, certificate_id: CertificateId) -> StoredCertificate | None: ...
