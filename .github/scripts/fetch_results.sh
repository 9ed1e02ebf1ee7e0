#!/usr/bin/env bash
# Fetch what the report reads and Git does not hold: the learning curves of this branch, and the
# predictions if their split is too large for Git, where the table then has its header alone. Those
# of the base are read from the remote when the report is written.
set -euo pipefail
export PATH="$PWD/.venv/bin:$PATH"

results=(metrics/train)
[ -n "$(sed -n 2p metrics/predictions.csv)" ] || results+=(data/predictions)
# The report names what is missing.
dvc pull --allow-missing "${results[@]}" ||
  echo "::warning::dvc pull failed: the report has only what Git holds."
