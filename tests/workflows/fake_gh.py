"""The comments of a pull request, behind the few calls of `gh` that the workflow makes.

The file that FAKE_GITHUB names holds the comments; every call is added to its `calls`.
"""

import argparse
import json
import os
import subprocess
import sys
from pathlib import Path


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("command", choices=["api"])
    parser.add_argument("url")
    parser.add_argument("--method", default="GET")
    parser.add_argument("--field", default="body=")
    parser.add_argument("--jq", default=".")
    parser.add_argument("--paginate", action="store_true")
    parser.add_argument("--silent", action="store_true")
    options = parser.parse_args()
    assert os.environ["GH_TOKEN"] == "secret"

    state = Path(os.environ["FAKE_GITHUB"])
    github = json.loads(state.read_text())
    github["calls"].append(f"{options.method} {options.url}")
    comments = github["comments"]
    body = Path(options.field.removeprefix("body=@"))
    if options.method == "GET":
        command = ["jq", "--raw-output", options.jq]
        subprocess.run(command, input=json.dumps(comments), text=True, check=True)
    elif options.method == "POST":
        author = {"login": "github-actions[bot]", "type": "Bot"}
        comments.append({"id": 100 + len(comments), "user": author, "body": body.read_text()})
    else:
        number = int(options.url.rsplit("/", 1)[1])
        (comment,) = [comment for comment in comments if comment["id"] == number]
        comment["body"] = body.read_text()
    state.write_text(json.dumps(github))


if __name__ == "__main__":
    sys.exit(main())
