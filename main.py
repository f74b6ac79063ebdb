"""The entry point that Dify's plugin daemon runs: `python -m main`."""

from plugin.main import plugin

if __name__ == "__main__":
    plugin.run()
