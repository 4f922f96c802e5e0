"""Write the emergency lexicon that the phone carries: `python miniprogram/export_lexicon.py`."""

from __future__ import annotations

import json
from pathlib import Path

from dispatch.routing.emergency import phone_lexicon

TARGET = Path(__file__).parent / "src" / "data" / "lexicon.json"


def main() -> None:
    """Replace the bundled file by the lexicon as it is now."""
    TARGET.write_text(rendered(), encoding="utf-8")


def rendered() -> str:
    """Return the file's content."""
    return json.dumps(phone_lexicon(), ensure_ascii=False, indent=1) + "\n"


if __name__ == "__main__":
    main()
