"""Classify many images on all cores, one batch per core.

With one batch per core, all cores are busy to the end, and reading overlaps with computing. With
one batch on all cores, they would wait for each other at the end of each operation, and while the
next batch is read.
"""

import os
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing
from itertools import groupby, islice

from emotion.prediction.predictor import Predictor
from emotion.prediction.result import ImageResult, Prediction
from emotion.prediction.sources import Source

AHEAD = 2  # batches per core that are started before their results are due


def predict_stream(
    predictor: Predictor,
    sources: Iterable[Source],
    *,
    min_face: float | None = None,
    batch_size: int | None = None,
    workers: int = os.cpu_count() or 1,
    on_result: Callable[[ImageResult], str] | None = None,
) -> Iterator[Prediction]:
    """Yield predictions in the order of the sources, as soon as they and all earlier ones are done.

    With detection, an image without a face gives a prediction that says so, a frame none. A video
    of which no frame gives a prediction ends with one that says so.

    Args:
        predictor: loaded with `threads=1`, unless there is one worker.
        sources: taken as they are needed.
        min_face: as in `Predictor.predict_sources`.
        batch_size: sources per batch; None for that of the model.
        workers: threads, each with a batch.
        on_result: called with each result, image included, in the thread that classified it;
            returns an error message, which becomes an error of that source, or "".
    """
    classified = _classify_all(predictor, sources, min_face, batch_size, workers, on_result)
    with closing(classified):  # the caller may stop early
        for name, frames in groupby(classified, key=lambda pair: pair[0].name):
            is_empty = True  # never of an image, which gives a prediction or an error
            for _, predictions in frames:
                is_empty = is_empty and not predictions
                yield from predictions
            if is_empty:
                yield _of_empty_video(name, min_face)


def _of_empty_video(name: str, min_face: float | None) -> Prediction:
    if min_face is not None:
        return Prediction.without_face(name, min_face)
    return Prediction(image=name, error=f"{name} is blank: all pixels of each frame are equal.")


def _classify_all(
    predictor: Predictor,
    sources: Iterable[Source],
    min_face: float | None,
    batch_size: int | None,
    workers: int,
    on_result: Callable[[ImageResult], str] | None,
) -> Generator[tuple[Source, list[Prediction]]]:
    """Each source with its predictions, in their order."""
    remaining = iter(sources)
    pending: deque[Future[list[tuple[Source, list[Prediction]]]]] = deque()
    # A single worker has one batch at a time, so that results for frames of a camera are not late.
    ahead = AHEAD * workers if workers > 1 else 1
    pool = ThreadPoolExecutor(workers)
    size = predictor.model.batch_size if batch_size is None else batch_size
    try:
        while batch := list(islice(remaining, size)):
            pending.append(pool.submit(_classify, predictor, batch, min_face, on_result))
            if len(pending) >= ahead:
                yield from pending.popleft().result()
        while pending:
            yield from pending.popleft().result()
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


def _classify(
    predictor: Predictor,
    batch: list[Source],
    min_face: float | None,
    on_result: Callable[[ImageResult], str] | None,
) -> list[tuple[Source, list[Prediction]]]:
    found = []
    keep_images = on_result is not None
    for result in predictor.predict_sources(batch, min_face, keep_images):
        predictions = list(result.predictions)
        name, time = result.source.name, result.source.time
        if not result.predictions and time is None and min_face is not None:
            predictions.append(Prediction.without_face(name, min_face))
        if on_result and (error := on_result(result)):
            predictions.append(Prediction(image=name, time=time, error=error))
        found.append((result.source, predictions))
    return found
