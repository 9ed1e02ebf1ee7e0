"""Corpora as they lie on disk, turned into one table.

An adapter is a function from the corpus's folder to a table of its pictures; it opens none of
them. Columns, all text but the last named one:

    path       relative to the folder, with forward slashes
    label      as the corpus spells it
    split      as the corpus spells it, or "" where it brings none
    subject    the person, or "" where unknown
    source     the corpus
    synthetic  bool

and any attribute column after them. To add a layout: one file, and one line in ADAPTERS, which is
also the list of values that `data.format` may take.
"""

from emotion.datasets.csv_table import read_csv_table
from emotion.datasets.folder import read_folder

ADAPTERS = {
    "csv": read_csv_table,
    "folder": read_folder,
}
