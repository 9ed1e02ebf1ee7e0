"""The notes of a merge request, behind the few calls of `curl` that the GitLab job makes.

The file that FAKE_GITLAB names holds the notes.
"""

import argparse
import json
import os
import sys
from pathlib import Path


def main() -> None:
    parser = argparse.ArgumentParser()
    for flag in ("--fail", "--silent", "--show-error"):
        parser.add_argument(flag, action="store_true")
    for option in ("--header", "--form", "--data-urlencode"):
        parser.add_argument(option)
    parser.add_argument("--request", default="GET")
    parser.add_argument("url")
    options = parser.parse_args()
    assert options.header == "PRIVATE-TOKEN: secret"

    state = Path(os.environ["FAKE_GITLAB"])
    notes = json.loads(state.read_text())
    if options.form:
        assert options.url == "https://gitlab.test/api/v4/projects/3/uploads"
        image = Path(options.form.removeprefix("file=@"))
        assert image.is_file()
        print(json.dumps({"url": f"/uploads/hash/{image.name}"}))
        return
    path = options.url.removeprefix("https://gitlab.test/api/v4/projects/3/merge_requests/7/notes")
    if options.request == "GET":
        assert path == "?sort=asc&per_page=100"
        print(json.dumps(notes))
        return
    body = Path(options.data_urlencode.removeprefix("body@")).read_text()
    if options.request == "POST":
        assert path == ""
        notes.append({"id": 100 + len(notes), "body": body})
    else:
        assert options.request == "PUT"
        (note,) = [note for note in notes if path == f"/{note['id']}"]
        note["body"] = body
    state.write_text(json.dumps(notes))


if __name__ == "__main__":
    sys.exit(main())
