#!/usr/bin/env bash
# Publish pr_report/ as one comment of the pull request, which later runs update. The token of a
# fork's pull request can only read, so there the text goes to the summary of the run.
#
# Reads FORK (true or false), GITHUB_REPOSITORY, GITHUB_SERVER_URL, GITHUB_STEP_SUMMARY, IMAGES
# (folder of the images on their branch) and PR_NUMBER; gh reads GH_TOKEN.
set -euo pipefail

report=pr_report/report.md
push_images=$(dirname "$0")/push_images.sh

if [ "$FORK" = true ]; then
  sed '/^!\[/d' "$report" >>"$GITHUB_STEP_SUMMARY"
  echo "The images are in the artifact pr-report of this run." >>"$GITHUB_STEP_SUMMARY"
  exit 0
fi

if compgen -G "pr_report/*.png" >/dev/null; then
  "$push_images" || "$push_images" || "$push_images" # reports of other pull requests push too
fi
url=$GITHUB_SERVER_URL/$GITHUB_REPOSITORY/raw/pr-report-images/$IMAGES
body=$(mktemp)
sed "s|](\([a-z]*\.png\))|]($url/\1)|" "$report" >"$body"

issues=repos/$GITHUB_REPOSITORY/issues
marker=$(head -n 1 "$report")
own=".[] | select(.user.type == \"Bot\" and (.body | startswith(\"$marker\"))) | .id"
id=$(gh api --paginate "$issues/$PR_NUMBER/comments" --jq "$own" | sed -n 1p)
if [ -n "$id" ]; then
  gh api --silent --method PATCH "$issues/comments/$id" --field "body=@$body"
else
  gh api --silent --method POST "$issues/$PR_NUMBER/comments" --field "body=@$body"
fi
