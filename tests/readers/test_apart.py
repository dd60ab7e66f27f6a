"""A file that ends the process which reads it costs itself alone."""

import os

import pyarrow as pa
import pytest

from auditor.readers import apart, arrow


@pytest.fixture(autouse=True)
def ended():
    yield
    apart.end()


def test_what_a_function_returns_and_raises_comes_back():
    assert apart.call("os.path:join", "a", "b") == "a/b"
    with pytest.raises(OSError, match="no-such-file"):
        apart.call("os:stat", "/no-such-file")
    with pytest.raises(ValueError, match="KeyError"):
        apart.call("operator:getitem", {}, "x")


@pytest.mark.parametrize(
    ("function", "arguments"), [("os:abort", ()), ("os:_exit", (0,)), ("os:kill", (0, 9))]
)
def test_a_process_that_ends_is_an_error_and_the_next_call_is_answered(function, arguments):
    if function == "os:kill":
        arguments = (apart.call("os:getpid"), 9)
    with pytest.raises(OSError, match="ended the process"):
        apart.call(function, *arguments)
    assert apart.call("os:getpid") != os.getpid()


def test_what_it_prints_is_no_answer(capfd):
    apart.call("os:write", 1, b"noise")
    assert apart.call("os.path:join", "a", "b") == "a/b"
    assert capfd.readouterr() == ("", "")


def test_one_changed_byte_in_an_arrow_file_never_ends_this_process(tmp_path):
    image = pa.struct([("bytes", pa.binary()), ("path", pa.string())])
    content = pa.table(
        {
            "image": pa.array([{"bytes": b"ab" * (i % 4), "path": f"{i}"} for i in range(20)], image),
            "label": pa.array(list("abcd") * 5),
            "tags": pa.array([["x"] * (i % 3) for i in range(20)]),
            "kind": pa.array(list("xy") * 10).dictionary_encode(),
        }
    )
    file = tmp_path / "d.arrow"
    with pa.OSFile(str(file), "wb") as sink, pa.ipc.new_stream(sink, content.schema) as stream:
        stream.write_table(content, max_chunksize=8)
    whole, refused = file.read_bytes(), 0
    for at in range(0, len(whole), 7):
        changed = bytearray(whole)
        changed[at] ^= 0xFF
        file.write_bytes(changed)
        try:
            arrow.kinds(file)
            arrow.read(file, ["label", "tags", "kind"])
        except (OSError, ValueError):
            refused += 1
    assert refused > 50
