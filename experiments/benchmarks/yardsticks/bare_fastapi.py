"""Bare FastAPI and uvicorn around the same scoring: what the service's guards, metrics and logs cost is seen beside it.

No keys, no limits, no request ids, no metrics, no log of requests: a request is parsed into the same typed model, the
same row is read, the same release predicts, and the same typed answer goes out as JSON. It is told by the same
environment: `python -m experiments.benchmarks.yardsticks.bare_fastapi PORT`.
"""

from __future__ import annotations

import sys

from fastapi import FastAPI, Response

from serving.answers import Answers
from serving.payloads import PredictBatchRequest, PredictRequest
from serving.processor import answer_alone
from serving.published import PublishedRows
from serving.releases import Champion
from serving.settings import Settings
from serving.store import Store

JSON = "application/json"


def bare_app(settings: Settings) -> FastAPI:
    """Return the application; release and rows are loaded once, before it answers."""
    champion = Champion(settings.releases)
    champion.refresh()
    answer_alone()
    published = PublishedRows(settings.rows, Store(settings.store_url))
    published.refresh()
    answers = Answers(champion, published)
    app = FastAPI()

    @app.post("/predict")
    async def predict(request: PredictRequest) -> Response:
        """Predict churn for one account."""
        return Response(answers.one_given(request).body, media_type=JSON)

    @app.post("/predict_batch")
    def predict_batch(request: PredictBatchRequest) -> Response:
        """Predict churn for many accounts, on a thread of FastAPI's."""
        return Response(answers.batch_given(request).body, media_type=JSON)

    @app.get("/livez")
    async def livez() -> Response:
        """Say that it runs."""
        return Response()

    return app


def main() -> None:
    """Serve on 127.0.0.1 at the port that is named."""
    import uvicorn

    uvicorn.run(bare_app(Settings()), host="127.0.0.1", port=int(sys.argv[1]), access_log=False, log_level="warning")


if __name__ == "__main__":
    main()
