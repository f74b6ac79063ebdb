"""The whole experiment: every policy on every set, as one page. Run: python -m experiments"""
