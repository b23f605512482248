import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

from rgbtbench.reports.page.packing import KINDS, Pack, array_of, unpack


@given(st.data(), st.sampled_from(list(KINDS)), st.booleans())
def test_arrays_come_back_as_they_were(data, kind, differences):
    shape = array_shapes(min_dims=1, max_dims=3, max_side=6)
    found = [data.draw(arrays(KINDS[kind], shape)) for _ in range(3)]
    pack = Pack()
    refs = [pack.add(array, kind, differences=differences) for array in found]
    document, rest = unpack(pack.text({"refs": refs, "words": "é </script> \u2028"}))
    assert document["words"] == "é </script> \u2028"
    for ref, array in zip(document["refs"], found, strict=True):
        assert ref["at"] % 8 == 0  # a typed array of the browser starts nowhere else
        np.testing.assert_array_equal(array_of(ref, rest), array)


def test_the_text_can_stand_in_a_page():
    assert set(Pack().text({"a": "<!-- </script> -->"})) <= set(
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/="
    )


def test_what_is_no_json_is_refused():
    with pytest.raises(ValueError, match="JSON"):
        Pack().text({"score": float("nan")})
    assert json.dumps(unpack(Pack().text({"score": None}))[0]) == '{"score": null}'
