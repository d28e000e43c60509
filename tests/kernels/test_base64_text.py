"""Base64 as the standard library writes it, of every length of rest."""

import base64
import random

import numpy as np
import pytest

from engine.kernels.base64_text import base64_length, put_base64


@pytest.mark.parametrize("length", range(70))
def test_text_is_that_of_the_standard_library(length: int) -> None:
    rng = random.Random(length)
    data, before, after = rng.randbytes(length), rng.randbytes(3), rng.randbytes(3)
    out = np.zeros(200, np.uint8)
    end = put_base64(np.frombuffer(bytearray(before + data + after), np.uint8), 3, 3 + length, out, 5)
    assert end == 5 + base64_length(length)
    assert out[5:end].tobytes() == base64.urlsafe_b64encode(data).rstrip(b"=")
    assert not out[:5].any() and not out[end:].any()
