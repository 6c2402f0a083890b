"""XML bodies, held against the documents' own examples and against hostile ones (HS-23, HS-26 to HS-28, HC-17)."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from harness.errors import UsageProblem
from harness.wire.decoded_body import PROBLEM_LIMIT, BodyLimits, DecodedBody, Tree, printable_text
from harness.wire.xml_body import canonical_xml, decode_xml, encode_xml

PREFIXES = (
    ("xsd", "http://www.w3.org/2001/XMLSchema"),
    ("xsi", "http://www.w3.org/2001/XMLSchema-instance"),
)
LISTS = {"/CallHistory": "Call", "/ActiveCalls": "Call"}

# Both replies stand here as the documents print them.
HISTORY = (
    b'<?xml version="1.0"?> <Response xmlns:xsd="http://www.w3.org/2001/XMLSchema" '
    b'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"> <Code>200</Code> '
    b"<Message>Command successfully executed</Message> <TotalRecords>18</TotalRecords> <CallHistory> "
    b"<Call> <StartTime>2019-04-02 13:03:06</StartTime> <Direction>Internal</Direction> "
    b"<Source>102</Source> <Destination>106</Destination> <CallerId>102</CallerId> <Dialed>106</Dialed> "
    b"<State>CalleeHungUp</State> <Type>Audio</Type> <CallId>1vyT3U</CallId> </Call> "
    b"<Call> <StartTime>2019-04-02 14:13:26</StartTime> <Direction>Internal</Direction> "
    b"<Source>102</Source> <Destination>106</Destination> <CallerId>102</CallerId> <Dialed>106</Dialed> "
    b"<State>CallerHungUp</State> <Type>Audio</Type> <CallId>R1v3O</CallId> </Call> "
    b"<Call> <StartTime>2019-04-02 14:44:42</StartTime> <Direction>Internal</Direction> "
    b"<Source>102</Source> <Destination>106</Destination> <CallerId>102</CallerId> <Dialed>106</Dialed> "
    b"<State>InCall</State> <Type>Audio</Type> <CallId>1hfNH</CallId> </Call> "
    b"</CallHistory> </Response>"
)
ACTIVE = (
    b'<?xml version="1.0"?> <Response xmlns:xsd="http://www.w3.org/2001/XMLSchema" '
    b'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"> <Code>200</Code> '
    b"<Message>Command successfully executed</Message> <ActiveCalls> "
    b"<Call> <CallId>1vQHKd</CallId> <Source>103</Source> <CallerId>103</CallerId> "
    b"<Destination>101</Destination> <CallerDialed>101</CallerDialed> <CalleeDialed>101</CalleeDialed> "
    b"<StartTime>2019-04-09 10:34:07</StartTime> <RingDuration>0.749</RingDuration> "
    b"<TalkDuration>0.000</TalkDuration> <CallState>Ringing</CallState> </Call> "
    b"<Call> <CallId>1zS1b3</CallId> <Source>104</Source> <CallerId>104</CallerId> "
    b"<Destination>105</Destination> <CallerDialed>105</CallerDialed> <CalleeDialed>105</CalleeDialed> "
    b"<StartTime>2019-04-09 10:35:32</StartTime> <RingDuration>2.351</RingDuration> "
    b"<TalkDuration>3.056</TalkDuration> <CallState>InCall</CallState> </Call> "
    b"</ActiveCalls> </Response>"
)


def _ended(started: str, state: str, call_id: str) -> dict[str, Tree]:
    return {
        "StartTime": started,
        "Direction": "Internal",
        "Source": "102",
        "Destination": "106",
        "CallerId": "102",
        "Dialed": "106",
        "State": state,
        "Type": "Audio",
        "CallId": call_id,
    }


HISTORY_TREE: dict[str, Tree] = {
    "Code": "200",
    "Message": "Command successfully executed",
    "TotalRecords": "18",
    "CallHistory": [
        _ended("2019-04-02 13:03:06", "CalleeHungUp", "1vyT3U"),
        _ended("2019-04-02 14:13:26", "CallerHungUp", "R1v3O"),
        _ended("2019-04-02 14:44:42", "InCall", "1hfNH"),
    ],
}
ACTIVE_TREE: dict[str, Tree] = {
    "Code": "200",
    "Message": "Command successfully executed",
    "ActiveCalls": [
        {
            "CallId": "1vQHKd",
            "Source": "103",
            "CallerId": "103",
            "Destination": "101",
            "CallerDialed": "101",
            "CalleeDialed": "101",
            "StartTime": "2019-04-09 10:34:07",
            "RingDuration": "0.749",
            "TalkDuration": "0.000",
            "CallState": "Ringing",
        },
        {
            "CallId": "1zS1b3",
            "Source": "104",
            "CallerId": "104",
            "Destination": "105",
            "CallerDialed": "105",
            "CalleeDialed": "105",
            "StartTime": "2019-04-09 10:35:32",
            "RingDuration": "2.351",
            "TalkDuration": "3.056",
            "CallState": "InCall",
        },
    ],
}
DOCUMENTED = [(HISTORY, HISTORY_TREE), (ACTIVE, ACTIVE_TREE)]


def decoded(body: bytes, lists: dict[str, str] | None = None) -> DecodedBody:
    return decode_xml(body, root="Response", lists=LISTS if lists is None else lists)


def codes(body: bytes) -> list[str]:
    return [problem.code for problem in decoded(body).problems]


@pytest.mark.parametrize(("body", "tree"), DOCUMENTED)
def test_a_documented_reply_decodes_to_its_values(body: bytes, tree: dict[str, Tree]) -> None:
    assert decoded(body) == DecodedBody(tree)


@pytest.mark.parametrize(("body", "tree"), DOCUMENTED)
def test_a_documented_reply_encodes_to_its_bytes(body: bytes, tree: dict[str, Tree]) -> None:
    compact = encode_xml(tree, root="Response", lists=LISTS, namespaces=PREFIXES)
    # The page's own spaces between the elements come from its layout.
    assert compact == body.replace(b"> <", b"><")


@pytest.mark.parametrize(("body", "tree"), DOCUMENTED)
def test_a_pretty_reply_says_the_same(body: bytes, tree: dict[str, Tree]) -> None:
    pretty = encode_xml(tree, root="Response", lists=LISTS, pretty=True, declaration=False)
    assert canonical_xml(pretty) == canonical_xml(body)


def test_a_pretty_body_has_one_element_a_line() -> None:
    tree: dict[str, Tree] = {"Code": "200", "CallHistory": [{"CallId": "a"}], "ActiveCalls": []}
    assert encode_xml(tree, root="Response", lists=LISTS, pretty=True) == (
        b'<?xml version="1.0"?>\n<Response>\n  <Code>200</Code>\n  <CallHistory>\n    <Call>\n'
        b"      <CallId>a</CallId>\n    </Call>\n  </CallHistory>\n  <ActiveCalls />\n</Response>"
    )


@pytest.mark.parametrize(
    "spelling",
    [b"<ActiveCalls/>", b"<ActiveCalls />", b"<ActiveCalls></ActiveCalls>", b"<ActiveCalls> \n </ActiveCalls>"],
)
def test_an_empty_list_is_a_list_however_it_is_spelled(spelling: bytes) -> None:
    assert decoded(b"<Response>" + spelling + b"</Response>") == DecodedBody({"ActiveCalls": []})


def test_an_empty_leaf_is_an_empty_text() -> None:
    assert decoded(b"<Response><A/><B></B><C> </C></Response>").tree == {"A": "", "B": "", "C": " "}


def test_rows_can_hold_lists_of_their_own() -> None:
    lists = {"/Calls": "Call", "/Calls/*/Legs": "Leg"}
    tree: dict[str, Tree] = {"Calls": [{"Legs": [{"Id": "1"}, {"Id": "2"}]}, {"Legs": []}]}
    body = encode_xml(tree, root="Response", lists=lists)
    assert decoded(body, lists) == DecodedBody(tree)


def test_elements_within_elements_are_objects() -> None:
    assert decoded(b"<Response><A> <B>1</B> </A></Response>") == DecodedBody({"A": {"B": "1"}})


def test_a_repeated_leaf_is_told_with_both_texts() -> None:
    result = decoded(b"<Response><Code>200</Code><Code>401</Code></Response>")
    assert [problem.code for problem in result.problems] == ["xml:repeated-element"]
    assert "'200'" in result.problems[0].text
    assert "'401'" in result.problems[0].text


def test_an_unexpected_element_among_rows_is_skipped() -> None:
    result = decoded(b"<Response><ActiveCalls><Call/><Cell/><Call/></ActiveCalls></Response>")
    assert result.tree == {"ActiveCalls": [{}, {}]}
    assert [problem.code for problem in result.problems] == ["xml:unexpected-element"]


@pytest.mark.parametrize(
    "head",
    [
        b"<Response>",
        b'<Response xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xmlns:xsd="http://www.w3.org/2001/XMLSchema">',
        b'<Response xmlns:xsd="http://www.w3.org/XMLSchema">',
        b'<!-- a comment --><?an instruction?><Response version="2">',
    ],
)
def test_prefixes_comments_and_attributes_make_no_difference(head: bytes) -> None:
    assert decoded(head + b"<Code>200</Code></Response>") == DecodedBody({"Code": "200"})


def test_comments_and_sections_within_a_text_leave_the_text() -> None:
    body = b"<Response><A>a<!-- no -->b<![CDATA[<c>]]><?no no?>d&amp;e</A></Response>"
    assert decoded(body) == DecodedBody({"A": "ab<c>d&e"})


def test_an_element_in_a_namespace_is_told_and_read_by_its_local_name() -> None:
    body = b'<Response xmlns:q="urn:q"><q:Code>200</q:Code></Response>'
    assert decoded(body).tree == {"Code": "200"}
    assert codes(body) == ["xml:namespace"]


def test_another_root_is_told_and_read() -> None:
    body = b"<Answer><Code>200</Code></Answer>"
    assert decoded(body).tree == {"Code": "200"}
    assert codes(body) == ["xml:root"]


def test_nil_is_none_in_both_directions() -> None:
    body = encode_xml({"A": None, "B": "x"}, root="Response", lists={}, namespaces=PREFIXES[1:])
    assert body == (
        b'<?xml version="1.0"?><Response xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">'
        b'<A xsi:nil="true" /><B>x</B></Response>'
    )
    assert decoded(body) == DecodedBody({"A": None, "B": "x"})


def test_nil_is_understood_without_a_prefix_on_the_root() -> None:
    assert decoded(encode_xml({"A": None}, root="Response", lists={})) == DecodedBody({"A": None})


@pytest.mark.parametrize(
    "body",
    [
        b"\xef\xbb\xbf<Response><A>\xc3\xa9</A></Response>",
        '<?xml version="1.0" encoding="utf-8"?><Response><A>é</A></Response>'.encode(),
        "<?xml version='1.0' encoding='ISO-8859-1'?><Response><A>é</A></Response>".encode("latin-1"),
        '<?xml version="1.0" encoding="UTF-16"?><Response><A>é</A></Response>'.encode("utf-16"),
        "<Response><A>é</A></Response>".encode("utf-16"),
        '<?xml version="1.0" encoding="UTF-16BE"?><Response><A>é</A></Response>'.encode("utf-16-be"),
    ],
)
def test_every_legal_encoding_is_read(body: bytes) -> None:
    assert decoded(body) == DecodedBody({"A": "é"})


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b'<?xml version="1.0" encoding="utf-16"?><Response/>', "encoding:declaration"),
        (b'<?xml version="1.0" encoding="utf-7"?><Response/>', "encoding:declaration"),
        (b'<?xml version="1.0" encoding="rot13"?><Response/>', "encoding:declaration"),
        (b'\xef\xbb\xbf<?xml version="1.0" encoding="ISO-8859-1"?><Response/>', "encoding:declaration"),
        (b'<?xml version="1.0" encoding="us-ascii"?><Response>\xc3</Response>', "encoding:declaration"),
        ('<?xml version="1.0" encoding="utf-8"?><Response/>'.encode("utf-16"), "encoding:declaration"),
        (b"<Response><A>\xff</A></Response>", "encoding:invalid-utf8"),
        (b"\xff\xfe<\x00\x00\xd8", "encoding:invalid-utf16"),
    ],
)
def test_a_wrong_encoding_is_named(body: bytes, code: str) -> None:
    assert codes(body)[0] == code


def test_a_declared_encoding_never_makes_markup_of_text() -> None:
    body = b'<?xml version="1.0" encoding="utf-7"?><Response><A>+ADw-b/+AD4-</A></Response>'
    assert decoded(body).tree == {"A": "+ADw-b/+AD4-"}


BOMB = b'<!DOCTYPE b [<!ENTITY a "aaaaaaaaaa">' + b"".join(
    b'<!ENTITY a%d "%s">' % (level, b"&a%d;" % (level - 1) * 10 if level else b"&a;" * 10) for level in range(20)
)
BROKEN = [
    ("billion-laughs", b'<?xml version="1.0"?>' + BOMB + b"]><Response><A>&a19;</A></Response>", "xml:dtd"),
    (
        "quadratic",
        b'<!DOCTYPE b [<!ENTITY a "' + b"a" * 100_000 + b'">]><Response>' + b"&a;" * 10_000 + b"</Response>",
        "xml:dtd",
    ),
    ("page", b"<!doctype html><html><body>please log in", "xml:dtd"),
    ("late-doctype", b"<!-- x --> <?y?>\n<!DOCTYPE Response []><Response/>", "xml:dtd"),
    ("public-dtd", b'<!DOCTYPE Response PUBLIC "-//x//y" "http://127.0.0.1:9/x.dtd"><Response/>', "xml:dtd"),
    (
        "two-doctypes",
        b"<!DOCTYPE Response><!DOCTYPE Response [<!ENTITY a 'b'>]><Response>&a;</Response>",
        "xml:syntax",
    ),
    ("doctype-of-parameter", b"<!DOCTYPE %x;><Response/>", "xml:dtd"),
    ("external-dtd", b'<!DOCTYPE Response SYSTEM "http://127.0.0.1:9/x.dtd"><Response/>', "xml:dtd"),
    ("deep", b"<a>" * 300_000 + b"</a>" * 300_000, "xml:limit"),
    ("deep-100", b"<Response>" + b"<a>" * 100 + b"</a>" * 100 + b"</Response>", "xml:limit"),
    ("long-text", b"<Response><A>" + b"x" * 11_000_000 + b"</A></Response>", "xml:limit"),
    ("text", b"<Response><A>" + b"x" * 1_048_577 + b"</A></Response>", "xml:limit"),
    (
        "attributes",
        b"<Response " + b" ".join(b'a%d="1"' % index for index in range(200_000)) + b"/>",
        "xml:limit",
    ),
    ("nodes", b"<Response>" + b"<a/>" * 1_000_001 + b"</Response>", "xml:limit"),
    ("long-name", b"<" + b"a" * 100_000 + b"/>", "xml:limit"),
    ("control", b"<Response><A>\x0b</A></Response>", "xml:syntax"),
    ("nul", b"<Response><A>\x00</A></Response>", "xml:syntax"),
    ("reference", b"<Response><A>&#xD800;</A></Response>", "xml:syntax"),
    ("entity", b"<Response><A>&nbsp;</A></Response>", "xml:syntax"),
    ("prefix", b"<x:Response/>", "xml:syntax"),
    ("cut", b"<Response><A>", "xml:syntax"),
    ("json", b'{"Code":200}', "xml:syntax"),
    ("mixed", b"<Response>oops<A/></Response>", "xml:mixed-text"),
]


def test_a_document_type_that_only_names_the_root_is_read() -> None:
    assert codes(b"<?xml version='1.0'?>\n<!DOCTYPE Response ><Response><A>1</A></Response>") == []


@pytest.mark.parametrize(("body", "code"), [row[1:] for row in BROKEN], ids=[row[0] for row in BROKEN])
def test_a_broken_promise_of_the_format_is_named(body: bytes, code: str) -> None:
    assert codes(body)[0 if code != "xml:limit" else -1] == code


@pytest.mark.parametrize(
    ("written", "meant"),
    [(b"Fish & Chips", "Fish & Chips"), (b"a&b;c & d", None), (b"1 < 2 &amp; 3", "1 < 2 & 3"), (b"R&D <3", "R&D <3")],
)
def test_bare_markup_in_a_text_is_a_problem_and_read_as_it_was_meant(written: bytes, meant: str | None) -> None:
    result = decoded(b"<Response><A>" + written + b"</A></Response>")
    if meant is None:
        assert (result.missing, result.problems[0].code) == (True, "xml:syntax")
    else:
        assert (result.tree, [problem.code for problem in result.problems]) == ({"A": meant}, ["xml:bare-markup"])


def test_an_external_entity_is_refused_and_its_value_is_not_empty(tmp_path: Path) -> None:
    canary = tmp_path / "canary"
    canary.write_text("canary-7c1f")
    body = f'<!DOCTYPE r [<!ENTITY x SYSTEM "{canary.as_uri()}">]><Response><A>&x;</A></Response>'.encode()
    result = decoded(body)
    assert result.missing
    assert result.tree is None
    assert "canary-7c1f" not in str(result)


def test_an_inclusion_is_never_followed(tmp_path: Path) -> None:
    canary = tmp_path / "canary"
    canary.write_text("canary-7c1f")
    body = (
        '<Response xmlns:xi="http://www.w3.org/2001/XInclude"><A>'
        f'<xi:include href="{canary.as_uri()}" parse="text"/></A></Response>'
    ).encode()
    result = decoded(body)
    assert "canary-7c1f" not in str(result)
    assert result.problems[0].code == "xml:namespace"


def test_a_deep_document_does_not_kill_the_process() -> None:
    script = (
        "from harness.wire.xml_body import canonical_xml, decode_xml\n"
        "body = b'<a>' * 300_000 + b'</a>' * 300_000\n"
        "print(decode_xml(body, root='a', lists={}).problems[0].code)\n"
        "try:\n    canonical_xml(body)\nexcept ValueError:\n    print('refused')\n"
    )
    ended = subprocess.run([sys.executable, "-c", script], capture_output=True, check=False, timeout=60)
    assert (ended.returncode, ended.stdout) == (0, b"xml:limit\nrefused\n")


def test_an_empty_body_is_missing_and_no_problem() -> None:
    assert decoded(b" \n") == DecodedBody(None, missing=True)


def test_a_flood_of_problems_is_cut() -> None:
    assert len(codes(b"<Response>" + b"<A/>" * 10_000 + b"</Response>")) == PROBLEM_LIMIT


def test_limits_are_the_callers() -> None:
    limits = BodyLimits(text_characters=3)
    result = decode_xml(b"<Response><A>four</A></Response>", root="Response", lists={}, limits=limits)
    assert [problem.code for problem in result.problems] == ["xml:limit"]


def test_every_problem_is_visible_ascii() -> None:
    body = "<R\u00e9><A>\u202e</A><A>\u0085</A><\u0424/><\u0424/>\u200b</R\u00e9>".encode()
    for problem in decoded(body).problems + decoded(body[:-1]).problems:
        assert (problem.text + problem.where).isascii(), printable_text(problem.text)


def test_what_xml_cannot_carry_becomes_the_replacement_character() -> None:
    assert encode_xml({"A": "a\x00\x1b\ud800\uffffz"}, root="R", lists={}, declaration=False) == (
        "<R><A>a\ufffd\ufffd\ufffd\ufffdz</A></R>".encode()
    )


def test_markup_in_a_text_is_escaped() -> None:
    assert encode_xml({"A": "<&>\r\n\"'"}, root="R", lists={}, declaration=False) == (
        b"<R><A>&lt;&amp;&gt;&#13;\n\"'</A></R>"
    )


@pytest.mark.parametrize(
    "tree",
    [{"a b": "x"}, {"a": {"": "x"}}, {"x:y": "x"}, {"a>": "x"}, {"a": ["x"]}, {"CallHistory": "x"}],
)
def test_a_tree_that_cannot_be_written_is_refused(tree: dict[str, Tree]) -> None:
    with pytest.raises(UsageProblem):
        encode_xml(tree, root="Response", lists=LISTS)


def test_canonical_forms_are_equal_when_the_documents_say_the_same() -> None:
    one = b'<?xml version="1.0"?>\n<R xmlns:a="urn:a" y="2" x="1">\n <A></A> <!-- c -->\n<B> b </B></R>'
    two = b'<R x="1"  y="2"><A/><B> b </B></R>'
    assert canonical_xml(one) == canonical_xml(two) == b'<R x="1" y="2"><A></A><B> b </B></R>'


def test_canonical_forms_differ_in_the_space_of_a_text() -> None:
    assert canonical_xml(b"<R><A>a</A></R>") != canonical_xml(b"<R><A> a</A></R>")


@pytest.mark.parametrize("body", [b"", b"<R>", b"<!DOCTYPE R []><R/>", b'<q:R xmlns:q="relative"/>'])
def test_what_cannot_be_read_has_no_canonical_form(body: bytes) -> None:
    with pytest.raises(ValueError):
        canonical_xml(body)


# --- rows that stand otherwise than promised --------------------------------------------------------------------


def test_rows_under_one_other_name_are_read_and_told() -> None:
    body = b"<R><Calls><Item><Id>1</Id></Item><Item><Id>2</Id></Item></Calls></R>"
    decoded = decode_xml(body, root="R", lists={"/Calls": "Call"})
    assert decoded.tree == {"Calls": [{"Id": "1"}, {"Id": "2"}]}
    assert [problem.code for problem in decoded.problems] == ["xml:unexpected-element"]


def test_another_element_among_rows_is_skipped() -> None:
    body = b"<R><Calls><Call><Id>1</Id></Call><Item><Id>2</Id></Item></Calls></R>"
    assert decode_xml(body, root="R", lists={"/Calls": "Call"}).tree == {"Calls": [{"Id": "1"}]}


def test_a_leaf_in_place_of_rows_is_no_row() -> None:
    assert decode_xml(b"<R><Calls><Count>0</Count></Calls></R>", root="R", lists={"/Calls": "Call"}).tree == {
        "Calls": []
    }


def test_rows_in_another_container_are_a_list_there() -> None:
    body = b"<R><List><Call><Id>1</Id></Call><Call><Id>2</Id></Call></List></R>"
    assert decode_xml(body, root="R", lists={"/Calls": "Call"}).tree == {"List": [{"Id": "1"}, {"Id": "2"}]}


def test_rows_without_a_container_are_all_read() -> None:
    body = b"<R><Code>200</Code><Call><Id>1</Id></Call><Call><Id>2</Id></Call></R>"
    assert decode_xml(body, root="R", lists={"/Calls": "Call"}).tree == {
        "Code": "200",
        "Call": [{"Id": "1"}, {"Id": "2"}],
    }
