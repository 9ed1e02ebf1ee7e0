#!/usr/bin/env bash
# Push the images of pr_report/ to the branch pr-report-images, in the folder IMAGES,
# pr-<number>/<commit>. A comment cannot hold an image, only link one.
#
# The branch has a single commit, without the code and without earlier images of the same pull
# request, so that it does not make clones larger.
set -euo pipefail

branch=pr-report-images

# The checkout keeps no credentials, so that no other step has them.
authenticated() {
  git -c credential.helper= -c credential.helper='!gh auth git-credential' "$@"
}

GIT_INDEX_FILE=$(mktemp -u)
export GIT_INDEX_FILE
old=$(authenticated ls-remote origin "refs/heads/$branch" | cut -f 1)
if [ -n "$old" ]; then
  authenticated fetch --quiet origin "$old"
  git read-tree "$old"
  git rm -r --quiet --cached --force --ignore-unmatch "$(dirname "$IMAGES")"
fi
for image in pr_report/*.png; do
  blob=$(git hash-object -w "$image")
  git update-index --add --cacheinfo "100644,$blob,$IMAGES/$(basename "$image")"
done
tree=$(git write-tree)
commit=$(git -c user.name=pr-report -c user.email=pr-report@localhost \
  commit-tree "$tree" -m "Images of the reports of pull requests")
# The lease makes the push fail if the report of another pull request was pushed since.
authenticated push --quiet --force-with-lease="$branch:$old" origin "$commit:refs/heads/$branch"
