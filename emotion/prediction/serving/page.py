"""Render the page that describes the service from its OpenAPI description.

FastAPI's own page loads its viewer from another host: it is blank without the internet, and that
host learns who opens it. This page needs no script, and has a form that sends images.
"""

import re
from html import escape
from typing import Any

_STYLE = """
body { font: 16px/1.5 system-ui, sans-serif; max-width: 46em; margin: 2em auto; padding: 0 1em; }
code, pre { background: #f2f4f3; font-size: 14px; } pre { padding: .8em; overflow: auto; }
h2 { border-top: 1px solid #ccc; padding-top: .8em; } td { padding: .1em 1em .1em 0; }
td code { white-space: nowrap; }
"""
_TRY = """
<form method="post" action="predict?detect=true" enctype="multipart/form-data">
<input type="file" name="images" multiple required> <button>find and classify faces</button>
</form>
<pre>curl -F images=@a.jpg -F images=@b.jpg '{address}predict?detect=true'
curl --data-binary @face.jpg {address}predict</pre>
"""


def render_page(description: dict[str, Any], address: str) -> str:
    """An OpenAPI description as HTML.

    Args:
        description: its `info.description`, if any, is shown as a warning.
        address: of the service, as its client has written it; ends with a slash.
    """
    info = description["info"]
    parts = [f"<h1>{escape(info['title'])} {escape(info['version'])}</h1>"]
    if warning := info.get("description"):
        parts.append(f"<p><strong>{escape(warning)}</strong></p>")
    parts.append(_TRY.format(address=escape(address)))
    for path, methods in description["paths"].items():
        for method, operation in methods.items():
            parts.append(f"<h2><code>{method.upper()} {escape(path)}</code></h2>")
            text = re.sub(r"`(.*?)`", r"<code>\1</code>", escape(operation["description"]))
            parts += [f"<p>{paragraph}</p>" for paragraph in text.split("\n\n")]
            parts.append(_table(operation.get("parameters", []), operation["responses"]))
    link = '<p>The same for programs: <a href="openapi.json">openapi.json</a>.</p>'
    head = f"<title>{escape(info['title'])}</title><style>{_STYLE}</style>"
    return f'<!doctype html><meta charset="utf-8">{head}{"".join(parts)}{link}'


def _table(parameters: list[dict[str, Any]], responses: dict[str, dict[str, Any]]) -> str:
    defaults = [str(value["schema"].get("default")).lower() for value in parameters]
    names = [f"?{p['name']}={default}" for p, default in zip(parameters, defaults, strict=True)]
    texts = [value.get("description", "") for value in (*parameters, *responses.values())]
    rows = "".join(
        f"<tr><td><code>{escape(name)}</code></td><td>{escape(text)}</td></tr>"
        for name, text in zip((*names, *responses), texts, strict=True)
    )
    return f"<table>{rows}</table>"
