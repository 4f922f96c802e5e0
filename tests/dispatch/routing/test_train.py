from __future__ import annotations

from dispatch.routing import model
from dispatch.routing.train import train


def test_the_shipped_model_is_what_the_texts_in_the_package_give() -> None:
    assert train() == model.packaged().read_text(encoding="utf-8")
