"""Check every picture of the corpus and part them into train, val and test.

Reads   the corpus under data.root; params data
Writes  data/splits/, models/label_map.json, metrics/prepare_splits.json,
        plots/class_distribution.png
"""

from emotion import picture_checks, splits
from emotion.core import files, labels, manifest
from emotion.datasets import corpus, overview
from stages import paths
from stages.run import run, settings_of


def main() -> None:
    params = settings_of(corpus.DataParams, "data")
    rows = corpus.read_corpus(params)
    findings = picture_checks.inspect_pictures(rows["path"].tolist(), params.min_size)
    rows, rejected = picture_checks.separate_rejected(rows, findings, params.max_rejected)
    rows = splits.split_rows(
        rows,
        val_fraction=params.val_fraction,
        test_fraction=params.test_fraction,
        seed=params.split_seed,
    )
    numbers = overview.compute_overview(rows, len(rejected), splits.count_leaks(rows))

    # Written only now, when nothing about the corpus can fail any more.
    overview.plot_class_distribution(paths.CLASS_DISTRIBUTION, rows)
    for split in manifest.SPLITS:
        manifest.write_manifest(paths.SPLITS / f"{split}.csv", rows[rows["split"] == split])
    picture_checks.write_rejected(paths.REJECTED, rejected)
    files.write_json(paths.LABEL_MAP, labels.infer_label_map(rows["label"]))
    files.write_json(paths.SPLITS_METRICS, numbers)
    print(overview.describe_overview(numbers))


if __name__ == "__main__":
    run(main)
