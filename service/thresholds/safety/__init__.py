"""The safety machine: what a gate at work does when its labels or its items speak up.

Each look at a gate (`look`) holds the panel's labels (`watching`) and the newest items against its
certificate. `transitions` says what follows: another mode, level or panel share, as an `Adapted`
for the next policy version. `labels` says when there are labels enough to certify again, and
`disproof` when they disprove the contract. All of it is pure, and `experiments.streams` runs it on
streams as the service does on what it has stored.
"""
