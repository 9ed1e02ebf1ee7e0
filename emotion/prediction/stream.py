"""Many images on all cores: each core reads, detects and classifies a batch of its own.

Batches that are worked on by one core each keep all cores busy to the end, and reading overlaps
with computing; if all cores worked on one batch, they would wait for each other at the end of each
operation, and while the next batch is read.
"""

import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import islice

from emotion.prediction.predictor import Answered, Predictor
from emotion.prediction.result import Prediction
from emotion.prediction.sources import Source

AHEAD = 2  # batches per core that are begun before their turn to be shown


def predict_stream(
    predictor: Predictor,
    sources: Iterable[Source],
    *,
    min_face: float | None = None,
    batch_size: int | None = None,
    workers: int = os.cpu_count() or 1,
    then: Callable[[Answered], str] | None = None,
) -> Iterator[Prediction]:
    """Predictions in the order of the sources, each as soon as those before it are there.

    An image without a face gives an error; a frame without one gives nothing.

    Args:
        predictor: loaded with `threads=1`, unless there is one worker.
        sources: taken as they are needed.
        min_face: as in `Predictor.answer`.
        batch_size: sources per batch; None takes that of the model.
        workers: threads, each with a batch.
        then: called for each source, with its image, in the thread that has classified it; returns
            what went wrong, which is an error of that source, or "".
    """

    def work(batch: list[Source]) -> list[Prediction]:
        predictions = []
        for answer in predictor.answer(batch, min_face, keep_images=then is not None):
            predictions += answer.predictions
            name, time = answer.source.name, answer.source.time
            if not answer.predictions and time is None:
                error = f"{name} shows no face of at least {min_face:g} pixels."
                predictions.append(Prediction(image=name, probabilities={}, error=error))
            if then and (error := then(answer)):
                predictions.append(Prediction(image=name, probabilities={}, time=time, error=error))
        return predictions

    remaining = iter(sources)
    pending: deque[Future[list[Prediction]]] = deque()
    # A single worker's batch is waited for: the frames of a camera are not to be answered late.
    ahead = AHEAD * workers if workers > 1 else 1
    pool = ThreadPoolExecutor(workers)
    try:
        while batch := list(islice(remaining, batch_size or predictor.model.batch_size)):
            pending.append(pool.submit(work, batch))
            if len(pending) >= ahead:
                yield from pending.popleft().result()
        while pending:
            yield from pending.popleft().result()
    finally:  # the caller may stop early
        pool.shutdown(wait=True, cancel_futures=True)
