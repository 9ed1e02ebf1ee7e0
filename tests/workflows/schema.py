"""The schemas of workflow files, which the package check-jsonschema brings: no network."""

import subprocess
import sys


def check_schema(schema, *paths):
    command = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", schema, *paths]
    return subprocess.run(command, capture_output=True, text=True, check=False)
