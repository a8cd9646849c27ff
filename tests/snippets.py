"""The snippets of docs/reading.md: what its page marks them with (nothing, `skip`, `needs FOLDER`), and their code."""

import re
from pathlib import Path

PAGE = Path(__file__).parents[1] / "docs" / "reading.md"
SNIPPETS = re.findall(r"^```python( skip| needs \w+)?\n(.*?)^```", PAGE.read_text(), re.MULTILINE | re.DOTALL)
