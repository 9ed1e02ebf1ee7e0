#!/usr/bin/env bash
# Fetch what the report reads and Git does not hold: the predictions and learning curves of this
# branch. Those of the base are read from the remote when the report is written.
set -euo pipefail
export PATH="$PWD/.venv/bin:$PATH"

# Without results the report has the tables of params and metrics, and names what is missing.
dvc pull --allow-missing data/predictions metrics/train ||
  echo "::warning::dvc pull failed: the report is without predictions and learning curves."
