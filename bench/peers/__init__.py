"""Other servers of models, each on the same ONNX file and tokenizer as we, set up as its own guide
says: `python -m bench.peers.NAME PORT` in the environment of bench/peers/known.py."""
