#!/usr/bin/env bash
# Add the text of pr_report/ to the summary of the run, without its images, which are in the
# artifact. Reads GITHUB_STEP_SUMMARY.
set -euo pipefail

sed '/^!\[/d' pr_report/report.md >>"$GITHUB_STEP_SUMMARY"
echo "The images are in the artifact pr-report of this run." >>"$GITHUB_STEP_SUMMARY"
