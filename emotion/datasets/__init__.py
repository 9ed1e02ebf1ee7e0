"""Corpora as they lie on disk, turned into one table.

An adapter is a function from the corpus's folder to a table of its images; it opens none of
them. Columns, all text but the last named one:

    path       relative to the folder, with forward slashes; absolute where it lies elsewhere
    label      as the corpus spells it, its codes in the corpus's own words
    split      as the corpus spells it, or "" where it brings none
    subject    the person, or "" where unknown
    source     the corpus
    synthetic  bool

and any attribute column after them. Some adapters bring more:

    pixels        uint8 arrays, where the corpus keeps its images inside a table; `path` is then
                  the name to write them under, and None an image that cannot be read
    votes_<word>  int, how many annotators said so; `label` may then be ""
    attempts      where an image that is not there was looked for, or ""

What is wrong with a corpus as a whole raises one UserError; what is wrong with an image leaves
its row as it was written, for the caller to reject with a reason. `data/README.md` shows how each
corpus must lie on disk. To add a layout: one file, and one line in ADAPTERS, which is also the list
of values that `data.format` may take.
"""

from emotion.datasets.affectnet import read_affectnet
from emotion.datasets.ckplus import read_ckplus
from emotion.datasets.csv_table import read_csv_table
from emotion.datasets.emoset import read_emoset
from emotion.datasets.fer2013 import read_fer2013
from emotion.datasets.ferplus import read_ferplus
from emotion.datasets.folder import read_folder
from emotion.datasets.rafdb import read_rafdb
from emotion.datasets.split_csvs import read_split_csvs

ADAPTERS = {
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
