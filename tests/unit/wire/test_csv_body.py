"""CSV bodies as bytes: written as RFC 4180 says, and read whatever came."""

from __future__ import annotations

from harness.wire.csv_body import decode_csv, encode_csv_header, encode_csv_lines


def test_cells_that_need_it_are_quoted() -> None:
    row = {"who": 'Ada "A", Lovelace', "seconds": 7, "note": None}
    assert encode_csv_header(("who", "seconds", "note")) == b"who,seconds,note\r\n"
    assert encode_csv_lines(("who", "seconds", "note"), [row]) == b'"Ada ""A"", Lovelace",7,\r\n'


def test_what_was_written_is_read_again_as_texts() -> None:
    decoded = decode_csv(b'who,seconds\r\n"Ada ""A"", Lovelace",7\r\n"two\r\nlines",\r\n')
    assert decoded.problems == ()
    assert decoded.tree == [
        {"who": 'Ada "A", Lovelace', "seconds": "7"},
        {"who": "two\r\nlines", "seconds": ""},
    ]


def test_a_line_with_another_number_of_cells_is_a_problem() -> None:
    decoded = decode_csv(b"who,seconds\r\nAda\r\nBo,1\r\n")
    assert [problem.code for problem in decoded.problems] == ["csv:syntax"]
    assert decoded.tree == [{"who": "Bo", "seconds": "1"}]


def test_a_quotation_that_never_ends_is_a_problem_and_no_crash() -> None:
    assert [problem.code for problem in decode_csv(b'who\r\n"Ada').problems] == ["csv:syntax"]


def test_bytes_that_are_no_text_are_a_problem_and_no_crash() -> None:
    assert [problem.code for problem in decode_csv(b"who\r\n\xff\r\n").problems] == ["encoding:invalid-utf8"]


def test_an_empty_body_holds_no_table() -> None:
    assert decode_csv(b"").missing
