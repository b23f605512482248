from __future__ import annotations

import rgbtbench
from rgbtbench.datasets import BENCHMARKS
from rgbtbench.datasets.names import benchmarks_of, sequence_names


def test_numbers_of_sequences_are_the_published_ones():
    for name in BENCHMARKS.names():
        for split, (sequences, _) in BENCHMARKS.get(name).sizes.items():
            assert len(set(sequence_names(name, split))) == sequences
    assert sequence_names("LasHeR", "all") == sequence_names("LasHeR")
    assert sequence_names("LasHeR", "validation") == sequence_names("VOT") == ()


def test_they_are_the_names_of_the_real_packs(real):
    for name in (name for name in BENCHMARKS.names() if (real / "gt" / f"{name}.tar.xz").exists()):
        for split in BENCHMARKS.get(name).sizes:
            assert rgbtbench.load(name, real / "gt" / f"{name}.tar.xz", split).names == sequence_names(name, split)


def test_a_benchmark_is_recognised():
    for name in BENCHMARKS.names():
        assert benchmarks_of(sequence_names(name)) == (name,)
    assert benchmarks_of(sequence_names("LasHeR", "test")[:30]) == ("LasHeR",)
    assert benchmarks_of([*sequence_names("GTOT")[:30], "README", "mine"]) == ("GTOT",)
    assert benchmarks_of(sequence_names("RGBT210")[:30]) == ("RGBT210", "RGBT234")
    assert benchmarks_of(["mine", "yours", "BlackCar"]) == benchmarks_of([]) == ()
