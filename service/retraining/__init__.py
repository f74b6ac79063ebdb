"""Retraining: a gate's labels make a challenger of its model, and the panel judges the two.

It needs what serving needs and no more. No label of the panel ever trains: the panel judges.
"""
