"""Numbers that prove themselves: check digits, lengths, dates and ranges of each kind."""

import ipaddress
import re
from datetime import date


def luhn(digits: str) -> bool:
    """ISO/IEC 7812-1: every second digit from the right doubled, the sum a multiple of 10."""
    total = sum(map(int, digits[-1::-2]))
    return (total + sum(sum(divmod(2 * int(digit), 10)) for digit in digits[-2::-2])) % 10 == 0


_ISSUERS = re.compile(
    r"4\d{12}(?:\d{3}){0,2}|5[1-5]\d{14}|2(?:22[1-9]|2[3-9]\d|[3-6]\d\d|7[01]\d|720)\d{12}"
    r"|3[47]\d{13}|3(?:0[0-5]|[689]\d)\d{11}|62\d{14,17}|35(?:2[89]|[3-8]\d)\d{12}"
    r"|6(?:011|5\d\d|4[4-9]\d)\d{12}"
)


def is_card(text: str) -> bool:
    """An issuer's number of that issuer's length, with its check digit."""
    digits = "".join(character for character in text if character in "0123456789")
    return bool(_ISSUERS.fullmatch(digits)) and luhn(digits)


IBAN_LENGTHS = {
    "AD": 24, "AE": 23, "AL": 28, "AT": 20, "AZ": 28, "BA": 20, "BE": 16, "BG": 22, "BH": 22,
    "BR": 29, "BY": 28, "CH": 21, "CR": 22, "CY": 28, "CZ": 24, "DE": 22, "DK": 18, "DO": 28,
    "EE": 20, "EG": 29, "ES": 24, "FI": 18, "FO": 18, "FR": 27, "GB": 22, "GE": 22, "GI": 23,
    "GL": 18, "GR": 27, "GT": 28, "HR": 21, "HU": 28, "IE": 22, "IL": 23, "IQ": 23, "IS": 26,
    "IT": 27, "JO": 30, "KW": 30, "KZ": 20, "LB": 28, "LC": 32, "LI": 21, "LT": 20, "LU": 20,
    "LV": 21, "LY": 25, "MC": 27, "MD": 24, "ME": 22, "MK": 19, "MR": 27, "MT": 31, "MU": 30,
    "NL": 18, "NO": 15, "PK": 24, "PL": 28, "PS": 29, "PT": 25, "QA": 29, "RO": 24, "RS": 22,
    "SA": 24, "SC": 31, "SE": 24, "SI": 19, "SK": 24, "SM": 27, "ST": 25, "SV": 28, "TL": 23,
    "TN": 24, "TR": 26, "UA": 29, "VA": 22, "VG": 24, "XK": 20,
}  # fmt: skip


def is_iban(number: str) -> bool:
    """ISO 13616: modulo 97 of the rearranged number, letters as 10 to 35, is 1."""
    return int("".join(str(int(character, 36)) for character in number[4:] + number[:4])) % 97 == 1


_RESIDENT_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
_PROVINCE = re.compile("1[1-5]|2[1-3]|3[1-7]|4[1-6]|5[0-4]|6[1-5]|71|8[1-3]")


def is_resident_id(text: str) -> bool:
    """GB 11643-1999: province, a past date of birth, the check digit (ISO 7064 MOD 11-2)."""
    if not _PROVINCE.fullmatch(text[:2]):
        return False
    try:
        born = date(int(text[6:10]), int(text[10:12]), int(text[12:14]))
    except ValueError:
        return False
    total = sum(
        int(digit) * weight for digit, weight in zip(text[:17], _RESIDENT_WEIGHTS, strict=True)
    )
    check = "10X98765432"[total % 11]
    return date(1900, 1, 1) <= born <= date.today() and text[17].upper() == check


_CREDIT_DIGITS = "0123456789ABCDEFGHJKLMNPQRTUWXY"
_CREDIT_WEIGHTS = tuple(pow(3, place, 31) for place in range(17))


def is_credit_code(text: str) -> bool:
    """GB 32100-2015: 18 characters without I, O, S, V, Z; the last one checks (MOD 31)."""
    values = [_CREDIT_DIGITS.find(character) for character in text.upper()]
    if -1 in values:
        return False
    total = sum(value * weight for value, weight in zip(values[:17], _CREDIT_WEIGHTS, strict=True))
    return values[17] == -total % 31


def is_social_security(text: str) -> bool:
    """A number that the United States may have given: no area 000, 666, 900 and up, no zeros."""
    area, group, serial = re.split("[- ]", text)
    return area not in ("000", "666") and area < "900" and group != "00" and serial != "0000"


def is_machine_readable(line: str) -> bool:
    """ICAO 9303, a passport's second line: number and date of birth, with their check digits."""

    def checks(field: str, digit: str) -> bool:
        values = (0 if c == "<" else int(c, 36) for c in field)
        weights = (7, 3, 1) * 4
        return str(sum(v * w for v, w in zip(values, weights, strict=False)) % 10) == digit

    return checks(line[:9], line[9]) and checks(line[13:19], line[19])


def is_address(text: str) -> bool:
    """An IP address that somebody may have had."""
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return False
    return not (address.is_loopback or address.is_unspecified or address.is_multicast)
