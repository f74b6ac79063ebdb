"""Personal data is found by its pattern and its checksum, and nothing that only looks like it."""

import pytest

from service.guards.checksums import is_credit_code, is_resident_id, luhn
from service.guards.masking import LabelRedactor
from service.guards.personal import Kind, personal_data
from tests.guards.collection import benign, full_width

# None of these belongs to anybody: test numbers of the issuers, ranges kept for documentation,
# and made-up ones whose check digits fit.
FOUND = {
    "write to ann.smith+shop@mail.example.co.uk please": (
        "email",
        "ann.smith+shop@mail.example.co.uk",
    ),
    "邮箱767514612@qq.com谢谢": ("email", "767514612@qq.com"),
    "card 4111 1111 1111 1111, thanks": ("card", "4111 1111 1111 1111"),
    "Amex 378282246310005.": ("card", "378282246310005"),
    "mastercard 2223003122003222": ("card", "2223003122003222"),
    "银联卡6200000000000005": ("card", "6200000000000005"),
    "IBAN DE89 3704 0044 0532 0130 00 bitte": ("iban", "DE89 3704 0044 0532 0130 00"),
    "gb82west12345698765432": ("iban", "gb82west12345698765432"),
    "NO9386011117947": ("iban", "NO9386011117947"),
    "身份证11010519491231002X。": ("resident id", "11010519491231002X"),
    "身份证号：440308199901101512": ("resident id", "440308199901101512"),
    "统一社会信用代码91350100M000100Y43": ("credit code", "91350100M000100Y43"),
    "SSN 123-45-6789": ("social security", "123-45-6789"),
    "my passport no. is X1234567": ("passport", "X1234567"),
    "护照号码 E12345678": ("passport", "E12345678"),
    "L898902C36UTO7408122F1204159ZE184226B<<<<<10": (
        "passport",
        "L898902C36UTO7408122F1204159ZE184226B<<<<<10",
    ),
    "call +49 30 901820 today": ("phone", "+49 30 901820"),
    "ring +44 20 7946 0958": ("phone", "+44 20 7946 0958"),
    "or (415) 555-2671": ("phone", "(415) 555-2671"),
    "手机13812345678": ("phone", "13812345678"),
    "加微信138 1234 5678吧": ("phone", "138 1234 5678"),
    "+86 138-1234-5678": ("phone", "+86 138-1234-5678"),
    "电话010-62781234": ("phone", "010-62781234"),
    "from 203.0.113.7 at noon": ("ip", "203.0.113.7"),
    "from 2001:db8::8a2e:370:7334": ("ip", "2001:db8::8a2e:370:7334"),
    "https://x.example/cb?access_token=abcdef123456&x=1": ("secret", "abcdef123456"),
    "ftp://ann:hunter22@files.example/x": ("secret", "ann:hunter22"),
    "the key is sk-abcdefghijklmnopqrstuvwx": ("secret", "sk-abcdefghijklmnopqrstuvwx"),
    "AKIAIOSFODNN7EXAMPLE": ("secret", "AKIAIOSFODNN7EXAMPLE"),
    "password: correcthorse": ("secret", "correcthorse"),
    "密码：abc12345。": ("secret", "abc12345"),
}

LOOK_ALIKES = [
    "order 4111 1111 1111 1112",  # Luhn says no
    "DE89 3704 0044 0532 0130 01",  # modulo 97 says no
    "110105194912310021",  # the check digit would be X
    "110105194913310025",  # there is no thirteenth month
    "91350100M000100Y44",
    "000-12-3456 and 666-12-3456 and 900-12-3456",
    "version 1.2.3.4 and v10.0.0.1 and 256.1.1.1",
    "localhost is 127.0.0.1",
    "at 12:34:56 or 10:20:30:40",
    "std::vector<int> a::b",
    "tracking number 1234567890123456",
    "4bf7619e0c5a2f5d1d8e7c3b9a6f4e2d1c0b9a8f",
    "2026-11-22 13:05:59, 3.14159265358979",
    "ISBN 978-3-16-148410-0",
    "1254690+9988776=?",
    "user@localhost, @handle, a@b",
    "12800元，2023年11月",
    "QQ群 389401931",
    "the password is wrong",
    "1990-2020, 100-200, 10.5 - 12.5",
    "item no. 555-0199-2",
]


@pytest.mark.parametrize("text", FOUND, ids=ascii)
def test_each_kind_is_found_where_it_stands(text: str) -> None:
    found = [(one.kind.value, text[one.start : one.end]) for one in personal_data(text)]
    assert found == [FOUND[text]]


def test_every_kind_is_tried() -> None:
    assert {kind for kind, _ in FOUND.values()} == {kind.value for kind in Kind}


@pytest.mark.parametrize("text", LOOK_ALIKES, ids=ascii)
def test_look_alikes_are_left_alone(text: str) -> None:
    assert [text[one.start : one.end] for one in personal_data(text)] == []


def test_benign_texts_hold_no_personal_data() -> None:
    assert [t for t in benign("english") + benign("chinese") if personal_data(t)] == []


def test_digits_of_other_scripts_and_invisible_characters_hide_nothing() -> None:
    for hidden in (
        full_width("4111111111111111"),
        "\u200b".join("4111111111111111"),
        "٤١١١١١١١١١١١١١١١",
    ):
        text = f"card {hidden} ok"
        [found] = personal_data(text)
        assert found.kind is Kind.CARD
        assert text[: found.start] + "|" + text[found.end :] == "card | ok"


def test_check_digits_catch_every_wrong_digit() -> None:
    """What each of the three was made for: one mistyped digit never passes."""
    for number, check in (
        ("4111111111111111", luhn),
        ("440308199901101512", is_resident_id),
        ("91350100M000100Y43", is_credit_code),
    ):
        assert check(number)
        for place, digit in enumerate(number):
            if not digit.isdigit():
                continue
            for other in set("0123456789") - {digit}:
                assert not check(number[:place] + other + number[place + 1 :])


def test_the_same_data_has_the_same_label_everywhere() -> None:
    masked = LabelRedactor().masked(
        "ann@x.example wrote, then bob@x.example",
        {"to": ["bob@x.example", 13812345678, 42, True], "ann@x.example": None},
    )
    assert masked.values == (
        "[email 1] wrote, then [email 2]",
        {"to": ["[email 2]", "[phone 1]", 42, True], "[email 1]": None},
    )
    assert masked.originals == {
        "[email 1]": "ann@x.example",
        "[email 2]": "bob@x.example",
        "[phone 1]": 13812345678,
    }


def test_a_label_that_stands_there_already_is_nobodys() -> None:
    masked = LabelRedactor().masked("[email 1] is not ann@x.example")
    assert masked.values == ("[email 1] is not [email 2]",)
