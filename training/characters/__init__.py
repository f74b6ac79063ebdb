"""Text models trained from nothing, character by character: for languages without an encoder here.

A linear model of hashed character n-grams knows what was said before; small convolutional networks
see what resembles it. They err differently, so their sum is better than either.
"""
