"""The shipped model and its second head are those that the texts in the package give, bit by bit.

To train it whole takes a minute and a half (`wuzhan routing train --check`); here its header
is held to the texts, the words and the seed of today, and the way to train to one small model.
"""

from __future__ import annotations

import hashlib
import json

from dispatch.routing import model, texts
from dispatch.routing.features import words_checksum
from dispatch.routing.train import SEED, train, train_safe

FEW = 400
# Changes with how is trained, and with the first texts: then train and ship the whole model, too.
OF_FEW = "e7514b56aa31a6421f26e808b066583b5d2b0712470c29b85472f6b3edf1b4d0"


def test_the_shipped_model_was_trained_with_the_texts_of_today() -> None:
    header = json.loads(model.packaged().read_text(encoding="utf-8").partition("\n")[0])
    learnt = texts.examples(SEED)
    assert header["seed"] == SEED
    assert header["texts"] == len(learnt)
    assert header["texts_sha256"] == hashlib.sha256(repr(learnt).encode()).hexdigest()
    assert header["words_sha256"] == words_checksum()


def test_the_second_head_was_trained_with_the_texts_of_today() -> None:
    shipped = model.packaged(model.SAFE_FILE).read_text(encoding="utf-8")
    header = json.loads(shipped.partition("\n")[0])
    learnt = texts.examples(SEED, texts.safe_lines())
    assert header["texts"] == len(learnt)
    assert header["texts_sha256"] == hashlib.sha256(repr(learnt).encode()).hexdigest()
    assert header["words_sha256"] == words_checksum()


def test_the_second_head_comes_out_again_bit_by_bit() -> None:
    shipped = model.packaged(model.SAFE_FILE).read_text(encoding="utf-8")
    assert train_safe() == shipped


def test_the_same_texts_give_the_same_model_bit_by_bit() -> None:
    few = train(written=texts.lines()[:FEW])
    assert hashlib.sha256(few.encode()).hexdigest() == OF_FEW
