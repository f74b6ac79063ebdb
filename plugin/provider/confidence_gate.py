"""The provider: checks the credentials when they are saved."""

from typing import Any

from dify_plugin import ToolProvider
from dify_plugin.errors.tool import ToolProviderCredentialValidationError

from plugin.client import GateClient
from plugin.errors import ServiceError


class ConfidenceGateProvider(ToolProvider):
    """Credentials are good when the service lists its gates for them."""

    def _validate_credentials(self, credentials: dict[str, Any]) -> None:
        try:
            GateClient.from_credentials(credentials).gates()
        except ServiceError as error:
            raise ToolProviderCredentialValidationError(str(error)) from None
