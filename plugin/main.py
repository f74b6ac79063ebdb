"""The plugin, loaded from the `manifest.yaml` in the working directory."""

from dify_plugin import DifyPluginEnv, Plugin  # first: importing it patches the process (gevent)

CALL_LIMIT_SECONDS = 600
"""What Dify grants one call in all; `hold` uses most of it."""

plugin = Plugin(DifyPluginEnv(MAX_REQUEST_TIMEOUT=CALL_LIMIT_SECONDS))
