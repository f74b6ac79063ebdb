"""Certificates, kept as they were issued."""

from sqlalchemy import Connection, insert, select

from service.domain.ids import CertificateId
from service.ports.repositories.certificates import StoredCertificate
from service.store import tables


class SqlCertificates:
    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def add(self, certificate: StoredCertificate) -> None:
        self._connection.execute(
            insert(tables.certificates),
            {
                "id": certificate.id,
                "gate": certificate.gate,
                "created_at": certificate.created_at,
                "document": certificate.document,
            },
        )

    def get(self, certificate_id: CertificateId) -> StoredCertificate | None:
        query = select(tables.certificates).where(tables.certificates.c.id == certificate_id)
        row = self._connection.execute(query).one_or_none()
        if row is None:
            return None
        return StoredCertificate(
            id=CertificateId(row.id),
            gate=row.gate,
            created_at=row.created_at,
            document=row.document,
        )
