"""Adapters: read a dataset in its published layout into one table.

An adapter is a function that takes the folder of a dataset and returns one row per image. It does
not open the images. Columns, all text except `synthetic`:

    path       relative to the folder, with forward slashes; absolute for a file outside of it
    label      as the dataset spells it; numeric codes are replaced by the words of the dataset
    split      as the dataset spells it, or "" if it has none
    subject    the person, or "" if unknown
    source     the dataset
    synthetic  bool

Attribute columns follow. Some adapters return more columns:

    pixels        uint8 arrays (H, W), if the dataset stores its images inside a table; None for
                  an image that cannot be read; `path` is then the name of the file to write
    votes_<word>  int, the number of annotators who chose that word; `label` may then be ""
    evidence, face_regions
                  paths of mask images, written like `path`, or "" for no mask: data/README.md
                  defines their pixels. The stage explain uses them; they are no attributes.
    evidence_units
                  numbers of the action units that are evidence, with a space between
    attempts      the paths that were tried for a missing image or mask, or ""
    code, code_problem, code_hint
                  of a dataset that numbers its labels; see `codes`

A defect of the whole dataset raises a UserError. A row with a defective image is returned as
written, and the caller rejects it with a reason. `data/README.md` shows the layout of each dataset.
To add a layout, add one file and one line in ADAPTERS, which also lists the values allowed for
`data.format`.
"""

from collections.abc import Callable
from pathlib import Path

import pandas as pd

from emotion.datasets.formats.affectnet import read_affectnet
from emotion.datasets.formats.ckplus import read_ckplus
from emotion.datasets.formats.csv_table import read_csv_table
from emotion.datasets.formats.emoset import read_emoset
from emotion.datasets.formats.fer2013 import read_fer2013
from emotion.datasets.formats.ferplus import read_ferplus
from emotion.datasets.formats.folder import read_folder
from emotion.datasets.formats.rafdb import read_rafdb
from emotion.datasets.formats.split_csvs import read_split_csvs

ADAPTERS: dict[str, Callable[[Path], pd.DataFrame]] = {
    "affectnet": read_affectnet,
    "ckplus": read_ckplus,
    "csv": read_csv_table,
    "emoset": read_emoset,
    "fer2013": read_fer2013,
    "ferplus": read_ferplus,
    "folder": read_folder,
    "rafdb": read_rafdb,
    "split_csvs": read_split_csvs,
}
