#!/usr/bin/env bash
# Publish pr_report/report.md as one comment of the pull request, which later runs update. The file
# comes from a job that ran code of the pull request: it is checked, and no part of it is run.
#
# Reads GITHUB_REPOSITORY, GITHUB_SERVER_URL, PR_NUMBER and RUN_ID; gh reads GH_TOKEN.
set -euo pipefail

report=pr_report/report.md
marker='<!-- emotion-pr-report -->'
longest=65000 # characters; the limit of GitHub is 65,536

refuse() {
  echo "::error::pr_report/report.md $1; the comment is not written."
  exit 1
}
[ -f "$report" ] && [ ! -L "$report" ] || refuse "is not a file"
[ "$(stat --format=%s "$report")" -le $((4 * longest)) ] || refuse "is too large"
[ "$(head -n 1 "$report")" = "$marker" ] || refuse "does not begin with $marker"

# A comment cannot hold an image, only link one.
body=$(mktemp)
sed '/^!\[/d' "$report" >"$body"
run=$GITHUB_SERVER_URL/$GITHUB_REPOSITORY/actions/runs/$RUN_ID
printf '\nImages: the artifact `pr-report` of [this run](%s).\n' "$run" >>"$body"
[ "$(LC_ALL=C.UTF-8 wc -m <"$body")" -le "$longest" ] || refuse "has more than $longest characters"

issues=repos/$GITHUB_REPOSITORY/issues
# Not the last comment of the bot, which may be that of another workflow.
own=".[] | select(.user.type == \"Bot\" and (.body | startswith(\"$marker\"))) | .id"
id=$(gh api --paginate "$issues/$PR_NUMBER/comments" --jq "$own" | sed -n 1p)
if [ -n "$id" ]; then
  gh api --silent --method PATCH "$issues/comments/$id" --field "body=@$body"
else
  gh api --silent --method POST "$issues/$PR_NUMBER/comments" --field "body=@$body"
fi
