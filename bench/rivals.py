"""What we are held against on the same server: the route that anybody would write first, and an
empty one. `uvicorn bench.rivals:naive`, `uvicorn bench.rivals:empty`."""

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
from fastapi import FastAPI, Request
from pydantic import BaseModel
from tokenizers import Tokenizer

BUNDLE = Path(os.environ.get("BENCH_BUNDLE", "models/embedded"))


@asynccontextmanager
async def _with_the_model(app: FastAPI) -> AsyncIterator[None]:
    app.state.tokenizer = Tokenizer.from_file(str(BUNDLE / "tokenizer.json"))
    app.state.tokenizer.no_padding()
    app.state.tokenizer.enable_truncation(128)
    app.state.session = onnxruntime.InferenceSession(BUNDLE / "model.onnx")
    yield


naive = FastAPI(lifespan=_with_the_model)
empty = FastAPI()


class Text(BaseModel):
    text: str


@naive.post("/predict")
def predict(item: Text, request: Request) -> dict[str, Any]:
    """Tokenise and run, one text a request: in FastAPI's threads, with the runtime's defaults."""
    tokenizer, session = request.app.state.tokenizer, request.app.state.session
    ids = np.array([tokenizer.encode(item.text).ids], dtype=np.int64)
    [logits] = session.run(["logits"], {"input_ids": ids, "attention_mask": np.ones_like(ids)})
    weights = np.exp(logits[0] - logits[0].max())
    return {"probabilities": (weights / weights.sum()).tolist()}


@naive.post("/predict-inline")
async def predict_inline(item: Text, request: Request) -> dict[str, Any]:
    """The same in the event loop itself."""
    return predict(item, request)


@empty.post("/decisions")
async def decisions(request: Request) -> dict[str, str]:
    """Reads its body and says that it did."""
    await request.body()
    return {"status": "ok"}
