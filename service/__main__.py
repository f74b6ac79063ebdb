"""`python -m service COMMAND`: run the service and look after it."""

from service.cli import app

if __name__ == "__main__":
    app(prog_name="python -m service")
