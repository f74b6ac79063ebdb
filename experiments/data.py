"""`python -m experiments.data fetch [SET ...]`: as `python -m corpora` does it."""

from corpora.__main__ import main

if __name__ == "__main__":
    main()
