"""Images that come while all workers are busy are classified together."""

import asyncio
import threading
from types import SimpleNamespace

import pytest

from emotion.prediction.result import ImageResult, Prediction
from emotion.prediction.serving.batching import LONGEST_QUEUE, BusyError, RequestBatcher
from emotion.prediction.sources import Source

BATCH = 16


class SlowPredictor:
    """Returns the name of the image, after its gate is opened."""

    model = SimpleNamespace(batch_size=BATCH)

    def __init__(self):
        self.batches, self.gate = [], threading.Event()

    def predict_sources(self, sources, min_face):
        self.gate.wait(10)
        self.batches.append((len(sources), min_face))
        return [
            ImageResult(source, None, [Prediction(image=source.name, probabilities={"a": 1.0})])
            for source in sources
        ]


def run(requests, workers=1):
    """Each request is (names, min_face); all wait before the first batch ends."""

    async def main():
        predictor = SlowPredictor()
        batcher = RequestBatcher(predictor, workers)
        batcher.start()
        tasks = []
        for names, min_face in requests:
            sources = [Source(name=name, content=b"") for name in names]
            tasks.append(asyncio.create_task(batcher.classify(sources, min_face)))
            await asyncio.sleep(0)
        await asyncio.sleep(0.05)
        predictor.gate.set()
        found = await asyncio.gather(*tasks, return_exceptions=True)
        await batcher.stop()
        return predictor.batches, found

    return asyncio.run(main())


def test_waiting_requests_become_full_batches_and_each_has_its_own_result():
    batches, found = run([([f"{i}"], None) for i in range(40)])
    assert batches[0] == (1, None)  # it did not wait for the others
    assert [size for size, _ in batches[1:]] == [BATCH, BATCH, 39 - 2 * BATCH]
    assert [predictions[0][0].image for predictions in found] == [f"{i}" for i in range(40)]


def test_images_with_and_without_detection_are_not_mixed():
    batches, found = run([(["a"], None), (["b"], 20.0), (["c"], None), (["d"], 30.0)])
    assert sorted(batches, key=str) == sorted([(1, None), (1, 20.0), (1, None), (1, 30.0)], key=str)
    assert [predictions[0][0].image for predictions in found] == ["a", "b", "c", "d"]


def test_a_request_beyond_the_queue_is_refused_whole():
    most = [f"{i}" for i in range(LONGEST_QUEUE)]
    _, found = run([(["a"], None), (most, None), (["b"], None)])
    assert isinstance(found[2], BusyError)
    assert len(found[1]) == LONGEST_QUEUE


def test_images_of_a_client_that_has_left_are_not_classified():
    async def main():
        predictor = SlowPredictor()
        batcher = RequestBatcher(predictor, 1)
        batcher.start()
        first = asyncio.create_task(batcher.classify([Source(name="a", content=b"")], None))
        await asyncio.sleep(0.02)
        left = asyncio.create_task(batcher.classify([Source(name="b", content=b"")] * 5, None))
        await asyncio.sleep(0.02)
        left.cancel()
        await asyncio.sleep(0.02)
        predictor.gate.set()
        await first
        with pytest.raises(asyncio.CancelledError):
            await left
        await batcher.classify([Source(name="c", content=b"")], None)
        await batcher.stop()
        return predictor.batches

    assert asyncio.run(main()) == [(1, None), (1, None)]
