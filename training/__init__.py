"""Training and export of model bundles, with torch and transformers. Serving never imports this."""

import os

# Torch's threads wait for each other at every operation. Where other programs want the cores too,
# waiting by spinning made a step of training four times slower than sleeping.
os.environ.setdefault("OMP_WAIT_POLICY", "passive")
