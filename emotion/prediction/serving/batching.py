"""Classify the images of many requests in batches that form while all cores are busy.

Each worker takes the images that have arrived in the meantime. A single request does not wait for
others, and under load the batches grow.
"""

import asyncio
import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from emotion.prediction.predictor import Predictor
from emotion.prediction.result import Prediction
from emotion.prediction.serving.limits import BusyError
from emotion.prediction.sources import Source

LONGEST_QUEUE = 256  # images that may wait


@dataclass(frozen=True)
class _Waiting:
    source: Source
    min_face: float | None
    predictions: "asyncio.Future[list[Prediction]]"


class RequestBatcher:
    """Workers with one queue, in one event loop."""

    def __init__(self, predictor: Predictor, workers: int = os.cpu_count() or 1) -> None:
        self._predictor = predictor
        self._workers = workers
        self._pool = ThreadPoolExecutor(workers)
        self._queue: asyncio.Queue[_Waiting] = asyncio.Queue()
        self._tasks: list[asyncio.Task[None]] = []

    def start(self) -> None:
        """Start the workers."""
        self._tasks = [asyncio.create_task(self._work()) for _ in range(self._workers)]

    async def stop(self) -> None:
        """Finish the batches that have begun, and end the workers."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._pool.shutdown()

    async def classify(
        self, sources: Sequence[Source], min_face: float | None
    ) -> list[list[Prediction]]:
        """The predictions for each source, in their order.

        Args:
            sources: of one request.
            min_face: as in `Predictor.predict_sources`.

        Raises:
            BusyError: the queue is full.
        """
        if self._queue.qsize() + len(sources) > LONGEST_QUEUE:
            raise BusyError
        loop = asyncio.get_running_loop()
        waiting = [_Waiting(source, min_face, loop.create_future()) for source in sources]
        for item in waiting:
            self._queue.put_nowait(item)
        try:
            return list(await asyncio.gather(*(item.predictions for item in waiting)))
        finally:  # if the client has left, its images are not classified
            for item in waiting:
                item.predictions.cancel()

    async def _work(self) -> None:
        while True:
            batch = [await self._queue.get()]
            while len(batch) < self._predictor.model.batch_size and not self._queue.empty():
                batch.append(self._queue.get_nowait())
            batch = [item for item in batch if not item.predictions.cancelled()]
            for min_face in {item.min_face for item in batch}:
                await self._predict([item for item in batch if item.min_face == min_face])

    async def _predict(self, batch: list[_Waiting]) -> None:
        sources, min_face = [item.source for item in batch], batch[0].min_face
        loop = asyncio.get_running_loop()
        try:
            results = await loop.run_in_executor(
                self._pool, self._predictor.predict_sources, sources, min_face
            )
        except Exception as error:  # raised in the handlers of the requests; the worker goes on
            for item in batch:
                if not item.predictions.done():
                    item.predictions.set_exception(error)
            return
        for item, result in zip(batch, results, strict=True):
            if not item.predictions.done():
                item.predictions.set_result(result.predictions)
