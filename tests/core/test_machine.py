"""The processor is described as Linux reports it."""

import platform

import pytest

from emotion.core import machine

LINUX = "processor\t: 0\nmodel name\t: Some CPU @ 2 GHz\nflags\t\t: fpu {} sse\n"


@pytest.fixture
def cpuinfo(tmp_path, monkeypatch):
    monkeypatch.setattr(platform, "machine", lambda: "x86_64")
    monkeypatch.setattr(machine, "_CPUINFO", tmp_path / "cpuinfo")
    return lambda flags: (tmp_path / "cpuinfo").write_text(LINUX.format(flags))


def test_name_and_instructions_are_those_of_the_first_processor(cpuinfo):
    cpuinfo("avx avx2 avx512f")
    assert machine.describe_machine()["processor"] == "Some CPU @ 2 GHz"
    assert machine.has_avx2()
    assert machine.has_avx512()
    cpuinfo("avx")
    assert not machine.has_avx2()
    assert not machine.has_avx512()


def test_processors_of_one_name_are_told_apart_by_their_caches(tmp_path, monkeypatch):
    monkeypatch.setattr(machine, "_CACHES", tmp_path)
    assert machine.cache_sizes() == ""
    for index, size in enumerate(("32K", "32K", "1024K", "32768K")):
        (tmp_path / f"index{index}").mkdir()
        (tmp_path / f"index{index}/size").write_text(f"{size}\n")
    assert machine.describe_machine()["caches"] == "32K, 1024K, 32768K"


@pytest.mark.usefixtures("cpuinfo")
def test_without_the_table_of_linux_an_x86_processor_is_taken_to_have_avx2(monkeypatch):
    assert machine.has_avx2()
    assert not machine.has_avx512()
    monkeypatch.setattr(platform, "machine", lambda: "arm64")
    assert not machine.has_avx2()
