"""For clients of plain HTTP: loading the world's certificates costs more than most requests."""

import ssl

PLAIN = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
"""What `verify` takes instead of them: it trusts nobody, and speaks no TLS to anybody."""
