"""Identifiers, typed by what they name."""

from typing import NewType

DecisionId = NewType("DecisionId", str)
TaskId = NewType("TaskId", str)
DeliveryId = NewType("DeliveryId", str)
LeaseToken = NewType("LeaseToken", str)
GateName = NewType("GateName", str)
AppName = NewType("AppName", str)
CertificateId = NewType("CertificateId", str)
