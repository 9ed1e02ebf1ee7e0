#!/usr/bin/env bash
# Add the result of `make coverage` to the summary of the run: the total, and the files that are not
# covered completely. Reads GITHUB_STEP_SUMMARY.
set -euo pipefail

total=$(.venv/bin/coverage report --format=total --fail-under=0)
table=$(.venv/bin/coverage report --format=markdown --fail-under=0)
printf '### Coverage: %s %%\n\n%s\n' "$total" "$table" >>"$GITHUB_STEP_SUMMARY"
