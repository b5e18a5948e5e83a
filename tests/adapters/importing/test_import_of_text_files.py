"""Any usual encoding and delimiter gives the same rows."""

import gzip
import unicodedata

import pytest

PEOPLE = """
    title: People
    source: {{format: csv{source}}}
    tables:
      employees:
        columns:
          employee_id: {{from: mã}}
          full_name: {{from: họ tên}}
          jurisdiction: {{constant: VN}}
          language: {{constant: vi}}
"""
NAMES = [("1", "Nguyễn Văn Đặng"), ("2", "Trần Thị Hồng; phó"), ("3", 'Lê "Tí" Ốc')]


def text_of(delimiter: str) -> str:
    quoted = [f'{number}{delimiter}"{name.replace(chr(34), chr(34) * 2)}"{delimiter}x' for number, name in NAMES]
    return "\n".join([f"mã{delimiter}họ tên{delimiter}ghi chú", *quoted, ""])


def windows_1258(text: str) -> bytes:
    """As Vietnamese Windows writes it: the tone is a character of its own, after its vowel."""
    tones = "\u0300\u0301\u0303\u0309\u0323"
    out = []
    for character in text:
        marks = unicodedata.normalize("NFD", character)
        vowel = unicodedata.normalize("NFC", "".join(mark for mark in marks if mark not in tones))
        out.append(vowel + "".join(mark for mark in marks if mark in tones))
    return "".join(out).encode("cp1258")


ENCODINGS = {
    "utf-8": str.encode,
    "utf-8 with a mark": lambda text: text.encode("utf-8-sig"),
    "utf-8, decomposed": lambda text: unicodedata.normalize("NFD", text).encode(),
    "utf-16": lambda text: text.encode("utf-16"),
    "utf-16, big end first": lambda text: b"\xfe\xff" + text.encode("utf-16-be"),
    "windows-1258": windows_1258,
    "gb18030": lambda text: text.encode("gb18030"),
    "gzip": lambda text: gzip.compress(text.encode()),
    "windows-1258 in gzip, lines of Windows": lambda text: gzip.compress(windows_1258(text.replace("\n", "\r\n"))),
    "mixed line ends": lambda text: text.replace("\n", "\r\n", 1).replace("\n2", "\r2").encode(),
}


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
@pytest.mark.parametrize("encoding", ENCODINGS)
def test_encodings_and_delimiters(bench, encoding, delimiter):
    stated = next((name for name in ("windows-1258", "gb18030") if encoding.startswith(name)), "")
    source = f", encoding: {stated}" if stated else ""
    report = bench.run(PEOPLE.format(source=source), ENCODINGS[encoding](text_of(delimiter)))
    assert report.issues == ()
    assert bench.rows("employees", "employee_id, full_name") == NAMES
    assert report.files[0].delimiter == delimiter


@pytest.mark.parametrize(
    ("content", "guess"),
    [
        (windows_1258(text_of(",") * 1), "cp1258"),
        (
            "mã,họ tên\n".replace("mã", "编号").replace("họ tên", "姓名").encode("gb18030")
            + "1,张伟\n".encode("gb18030"),
            "gb18030",
        ),
        ("numéro,prénom\n1,Hélène\n2,Zoë Müller\n".encode("latin-1"), "cp1252"),
    ],
)
def test_an_encoding_that_was_guessed_is_told(bench, content, guess):
    header = content.decode(guess).splitlines()[0].split(",")
    mapping = PEOPLE.format(source="").replace("mã", header[0]).replace("họ tên", header[1])
    report = bench.run(unicodedata.normalize("NFC", mapping), content)
    assert [(issue.code, issue.is_error) for issue in report.issues] == [("IMP022", False)]
    assert guess in report.issues[0].message
    assert bench.file("employees").exists()


def test_latin_1_and_a_header_that_is_not_there(bench):
    source = ", encoding: latin-1, header: false, names: [mã, họ tên, lương]"
    bench.run(PEOPLE.format(source=source), "7;Zoë;1\n8;José;2\n".encode("latin-1"))
    assert bench.rows("employees", "employee_id, full_name") == [("7", "Zoë"), ("8", "José")]


def test_quotes_that_are_none(bench):
    bench.run(PEOPLE.format(source=', quote: ""'), 'mã,họ tên\n1,"Tí\n2,Tèo"\n')
    assert bench.rows("employees", "full_name") == [('"Tí',), ('Tèo"',)]


def test_a_line_break_inside_quotes_is_part_of_the_value(bench):
    bench.run(PEOPLE.format(source=""), 'mã,họ tên\n1,"Lê\nTí"\n2,Tèo\n')
    assert bench.rows("employees", "full_name") == [("Lê\nTí",), ("Tèo",)]


def test_columns_may_stand_in_another_order_in_each_file(bench):
    files = {"a.csv": "mã,họ tên\n1,Tí\n", "b.csv": "họ tên;thừa;mã\nTèo;x;2\n"}
    bench.run(PEOPLE.format(source=""), files)
    assert bench.rows("employees", "employee_id, full_name") == [("1", "Tí"), ("2", "Tèo")]


def test_a_header_alone_is_a_table_without_rows(bench):
    report = bench.run(PEOPLE.format(source=""), "mã,họ tên\n")
    assert [(issue.code, issue.is_error) for issue in report.issues] == [("IMP034", False)]
    assert [table.rows for table in report.tables] == [0]


def test_text_is_decoded_in_pieces(bench):
    """More than one chunk, and multi-byte characters across their borders."""
    names = [(f"{number:06d}", "Nguyễn Văn Đặng " * 3) for number in range(30_000)]
    content = "mã,họ tên\n" + "".join(f"{number},{name}\n" for number, name in names)
    report = bench.run(PEOPLE.format(source=""), content.encode("utf-16"))
    assert report.tables[0].rows == len(names)
    assert bench.rows("employees", "count(DISTINCT full_name), min(full_name)") == [(1, names[0][1].strip())]
