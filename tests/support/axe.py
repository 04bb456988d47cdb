"""axe-core's judgement of a page in the browser (https://github.com/dequelabs/axe-core), for tests only.

The Python package is here for the one file of JavaScript in it; what drives browsers in it is not used.
"""

import json
from importlib.util import find_spec
from pathlib import Path

from tests.support.browser import Tab

_SPEC = find_spec("axe_core_python")
SOURCE = Path(_SPEC.origin).with_name("axe.min.js") if _SPEC is not None and _SPEC.origin else None


async def violations(tab: Tab) -> list[str]:
    """What a person who cannot see, or uses no mouse, would stumble over: a rule and where, each."""
    assert SOURCE is not None
    if not await tab.value("Boolean(window.axe)"):
        await tab.value(f"{SOURCE.read_text(encoding='utf-8')}; 0")
    found = await tab.value(
        "axe.run(document, {reporter: 'v1'}).then((told) => JSON.stringify(told.violations))"
    )
    return [
        f"{rule['id']}: {node['target']} {node.get('failureSummary', '')}"
        for rule in json.loads(found)
        for node in rule["nodes"]
    ]
