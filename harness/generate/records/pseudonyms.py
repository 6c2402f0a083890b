"""Pseudonyms for whoever stands in real records: the same in gives the same out, without the key nobody gets back.

All of it follows from HMAC-SHA256 under the key. Numbers go to the ranges that are kept for fiction, hosts to those
that are kept for documentation, names are made of syllables. What a value looks like stays: a number with a plus has
one, an extension of three digits has three, a name of two words has two.
"""

from __future__ import annotations

import hashlib
import hmac
import ipaddress
import re
import unicodedata
from collections.abc import Callable, Iterable
from typing import Final, final

from harness.errors import UsageProblem
from harness.world.customers import CUSTOMERS

LEAST_KEY_BYTES: Final = 16
LEAST_DIGITS: Final = 7
"""From so many digits on, a number is looked for inside others."""

# Words that stand for nobody.
NOBODY: Final = frozenset({"anonymous", "unknown", "unavailable", "restricted", "private", "withheld"})

_LONGEST_EXTENSION: Final = LEAST_DIGITS - 1
_ROUNDS: Final = 400
_OWN_REGION_ROUNDS: Final = 16
_FEISTEL_ROUNDS: Final = 10
_LAST_SPACE: Final = re.compile(r"[\s().\-/\u00a0]+")
_PHONE: Final = re.compile(r"(?P<marks>[+*#]*)(?P<digits>[0-9]+)(?P<end>#?)", re.ASCII)
_URI: Final = re.compile(
    r"(?:(?P<scheme>sips?|tel|mailto|xmpp|h323|im):)?(?P<user>[^@]*)(?:@(?P<host>[^;?>]*))?.*", re.I | re.S
)
_CHANNEL: Final = re.compile(
    r"(?P<technology>[^/]+)/(?P<peer>.+?)(?:-(?P<serial>[0-9a-fA-F]{4,16}))?(?P<half>;[12])?", re.S
)
_TECHNOLOGIES: Final = frozenset(
    {"SIP", "PJSIP", "IAX2", "DAHDI", "Local", "SCCP", "H323", "OOH323", "Agent", "sofia", "verto"}
)  # fmt: skip

# Area codes of the North American plan that are in use; in each 555-0100 to 555-0199 are kept for fiction.
_AREA_CODES: Final = re.findall(
    "...",
    "201202203204205206207208209210212213214215216217218219220223224225226227228229231234235236239240248249250251"
    "252253254256257260262263267269270272273274276279281283289301302303304305306307308309310312313314315316317318"
    "319320321323324325326327329330331332334336337339341343346347350351352353354360361363364365367368369380382385"
    "386401402403404405406407408409410412413414415416417418419423424425428430431432434435437438440442443445447448"
    "450458463464468469470472474475478479480484501502503504505506507508509510512513514515516517518519520530531534"
    "539540541548551557559561562563564567570571572573574575579580581582584585586587601602603604605606607608609610"
    "612613614615616617618619620623626628629630631636639640641645646647650651656657659660661662667669672678680681"
    "682683686689701702703704705706707708709712713714715716717718719720724725726727728730731732734737738740742743"
    "747748753754757760762763765769770771772773774775778779780781782785786801802803804805806807808810812813814815"
    "816817818819820821825826828830831832835838839840843845847848850854856857858859860862863864865867870872873878"
    "879901902903904905906907908909910912913914915916917918919920925928929930931934936937938940941942943945947948"
    "949951952954956959970971972973975978979980983984985986989",
)  # fmt: skip
_LONDON, _NO_AREA, _BRITISH_MOBILE = "442079460", "441632960", "447700900"
_AUSTRALIAN: Final = ("6125550", "6127010", "6135550", "6137010", "6175550", "6177010", "6185550", "6187010")
_DOCUMENTATION_NETWORKS: Final = ("192.0.2.", "198.51.100.", "203.0.113.")

_ONSETS: Final = (
    "b",
    "d",
    "f",
    "g",
    "h",
    "k",
    "l",
    "m",
    "n",
    "p",
    "r",
    "s",
    "t",
    "v",
    "z",
    "br",
    "dr",
    "kr",
    "tr",
    "st",
)
_VOWELS: Final = ("a", "e", "i", "o", "u")
_ACCENTED: Final = str.maketrans("aeiou", "àéïöú")
_CODAS: Final = ("", "n", "r", "l", "s", "m", "th", "k")


def digits_of(text: str) -> str:
    """The ASCII digits of a text, without anything between them; other digits as the digits they stand for."""
    return "".join(str(unicodedata.digit(letter)) for letter in text if letter.isdecimal())


@final
class PseudonymMap:
    """The pseudonyms under one key.

    `avoided` are numbers (digits alone) of the records themselves: no pseudonym holds one, not even by chance. It
    matters only for records with numbers that are fictional already; all else follows from the key and the value.
    Raises UsageProblem for a key of fewer than 16 bytes.
    """

    def __init__(self, key: bytes, *, avoided: Iterable[str] = ()) -> None:
        if len(key) < LEAST_KEY_BYTES:
            raise UsageProblem(
                "key", f"at least {LEAST_KEY_BYTES} bytes", f"{len(key)}", "make one: openssl rand -hex 32"
            )
        self._key = hmac.new(key, b"callharness pseudonyms 1", hashlib.sha256).digest()
        self._avoided = frozenset(digits for digits in avoided if len(digits) >= LEAST_DIGITS)
        self._lengths = sorted({len(digits) for digits in self._avoided})
        self._known: dict[tuple[str, str], str] = {}

    def __repr__(self) -> str:
        return "PseudonymMap(***)"

    # --- numbers ------------------------------------------------------------------------------------------------

    def number(self, text: str) -> str:
        """A telephone number, an extension, or whatever else stands for an end of a call, as one of the same form."""
        return self._remember("number", text, self._make_number)

    def number_or_name(self, text: str) -> str:
        """What a caller presented: a number as a number, anything else as a name."""
        return self.number(text) if _is_phone(text) or "@" in text else self.name(text)

    def is_mobile(self, pseudonym: str) -> bool:
        """Whether a pseudonym is from a range of mobile numbers."""
        return _BRITISH_MOBILE[2:] in pseudonym

    def _make_number(self, text: str) -> str:
        if text.strip().lower() in NOBODY:
            return text.strip()
        phone = _PHONE.fullmatch(_LAST_SPACE.sub("", text))
        if phone is not None:
            return self._make_phone(phone["marks"], phone["digits"]) + phone["end"]
        uri = _URI.fullmatch(text.strip())
        if uri is None or (uri["scheme"] is None and uri["host"] is None):
            return self._word("end", text.strip().casefold(), 3)
        user = self._make_number(uri["user"]) if uri["user"] else ""
        scheme = f"{uri['scheme'].lower()}:" if uri["scheme"] else ""
        host = f"@{self.host(uri['host'])}" if uri["host"] is not None else ""
        return scheme + user + host

    def _make_phone(self, marks: str, digits: str) -> str:
        if len(digits) <= _LONGEST_EXTENSION:
            return marks + self._extension(digits)
        if "+" in marks:
            return marks + self._fictional(digits)
        if digits.startswith("00") and len(digits) > LEAST_DIGITS + 2:
            return marks + "00" + self._fictional(digits[2:])
        if digits.startswith("0"):
            return marks + "0" + self._fictional("44" + digits[1:])[2:]
        if len(digits) <= 10:
            # Ten digits are a number of the North American plan without its 1; fewer have left the area out.
            return marks + self._fictional("1" + digits)[1:]
        return marks + self._fictional(digits)

    def _fictional(self, identity: str) -> str:
        """An international number kept for fiction, in the region of the number where there is a range of its own."""
        own = _region_of(identity)
        for round_ in range(_ROUNDS):
            region = own if round_ < _OWN_REGION_ROUNDS else _REGIONS[round_ % len(_REGIONS)]
            found = region(self._draw("number", identity, round_))
            if not self._gives_away(found) and not _share_run(found, identity):
                return found
        raise UsageProblem(
            "records", "numbers of real telephones", "so many of the numbers kept for fiction that none is free"
        )

    def _extension(self, digits: str) -> str:
        """Another number of as many digits: one to one among those, and never the same."""
        size = len(digits)
        left, right = int(10 ** (size // 2)), int(10 ** (size - size // 2))
        whole = left * right
        place = self._mixed(int(digits), left, right, size)
        moved = (place + 1 + self._draw("extension.step", str(size), 0) % (whole - 1)) % whole
        return str(self._unmixed(moved, left, right, size)).zfill(size)

    def _mixed(self, value: int, left: int, right: int, size: int) -> int:
        """A place in a keyed order of all numbers of a size: a Feistel network over two halves of the digits."""
        high, low = divmod(value, right)
        for round_ in range(_FEISTEL_ROUNDS):
            if round_ % 2:
                low = (low + self._draw(f"extension.{size}", str(high), round_)) % right
            else:
                high = (high + self._draw(f"extension.{size}", str(low), round_)) % left
        return high * right + low

    def _unmixed(self, place: int, left: int, right: int, size: int) -> int:
        high, low = divmod(place, right)
        for round_ in reversed(range(_FEISTEL_ROUNDS)):
            if round_ % 2:
                low = (low - self._draw(f"extension.{size}", str(high), round_)) % right
            else:
                high = (high - self._draw(f"extension.{size}", str(low), round_)) % left
        return high * right + low

    # --- names, codes, addresses ----------------------------------------------------------------------------------

    def name(self, text: str) -> str:
        """A name of as many words (three at most), in capitals or with accents where the name has them."""
        return self._remember("name", text, self._make_name)

    def code(self, text: str) -> str:
        """An opaque code, such as that of an account."""
        return self._remember(
            "code", text, lambda told: f"{self._word('code', told, 2)}-{self._word('code.end', told, 2)}"
        )

    def channel(self, text: str) -> str:
        """A channel: its technology where it is a known one, its peer and its serial under pseudonyms."""
        return self._remember("channel", text, self._make_channel)

    def host(self, text: str) -> str:
        """The name or the address of a host, as one that is kept for documentation."""
        return self._remember("host", text, self._make_host)

    def url(self, text: str) -> str:
        """A URL as one below a documentation domain."""
        return f"https://files.example.com/{self.code(text)}"

    def _make_name(self, text: str) -> str:
        shown = " ".join(text.split())
        if shown.lower() in NOBODY or _is_phone(shown) or "@" in shown:
            return self._make_number(shown)
        count = min(3, max(1, len(shown.split())))
        words = [self._word(f"name.{place}", shown, 3) for place in range(count)]
        if not shown.isascii():
            words[0] = words[0].translate(_ACCENTED)
        return " ".join(word.upper() if shown.isupper() else word.capitalize() for word in words)

    def _make_channel(self, text: str) -> str:
        found = _CHANNEL.fullmatch(text)
        if found is None:
            return f"SIP/{self._word('end', text, 3)}"
        technology = found["technology"] if found["technology"] in _TECHNOLOGIES else "SIP"
        # Contexts, profiles and hosts around it tell of the switch, and are left out.
        told = found["peer"].partition("/")[2] if technology == "sofia" else found["peer"]
        peer = self._make_number(re.split(r"[/@]", told)[0])
        serial = found["serial"]
        end = "" if serial is None else "-" + self._letters("serial", text, len(serial))
        return f"{technology}/{peer}{end}{found['half'] or ''}"

    def _make_host(self, text: str) -> str:
        name = text.strip().strip("[]").lower()
        name = name if name.count(":") != 1 else name.partition(":")[0]
        try:
            address = ipaddress.ip_address(name)
        except ValueError:
            return f"{self._word('host', name, 3)}.example.com"
        drawn = self._draw("host", str(address), 0)
        if address.version == 6:
            return f"2001:db8::{drawn % 0xFFFF + 1:x}"
        return f"{_DOCUMENTATION_NETWORKS[drawn % 3]}{drawn // 3 % 254 + 1}"

    # --- identities -------------------------------------------------------------------------------------------------

    def integer(self, kind: str, identity: str, *, digits: int, attempt: int = 0) -> int:
        """An integer of so many digits for an identity of a kind; another one for each further attempt."""
        least = int(10 ** (digits - 1))
        for round_ in range(_ROUNDS):
            found = least + self._draw(f"id.{kind}.{attempt}", identity, round_) % (9 * least)
            if not self._gives_away(str(found)):
                return found
        raise UsageProblem("records", "numbers of real telephones", f"numbers that leave no {kind} free")

    def customer(self, identity: str) -> int:
        """One of the customers of a world, never the system itself."""
        members = [member.id for member in CUSTOMERS.members if member.parent_id is not None]
        return members[self._draw("customer", identity, 0) % len(members)]

    def choice(self, kind: str, text: str, among: tuple[str, ...]) -> str:
        """One of some texts."""
        return among[self._draw(f"choice.{kind}", text, 0) % len(among)]

    # --- draws --------------------------------------------------------------------------------------------------

    def _draw(self, kind: str, value: str, round_: int) -> int:
        message = f"{kind}\0{round_}\0".encode() + value.encode("utf-8", "surrogatepass")
        return int.from_bytes(hmac.digest(self._key, message, "sha256")[:16], "big")

    def _remember(self, kind: str, text: str, make: Callable[[str], str]) -> str:
        found = self._known.get((kind, text))
        if found is None:
            found = self._known[kind, text] = make(text)
        return found

    def _word(self, kind: str, value: str, syllables: int) -> str:
        drawn = self._draw(f"word.{kind}", value, 0)
        parts = []
        for _ in range(syllables):
            drawn, onset = divmod(drawn, len(_ONSETS))
            drawn, vowel = divmod(drawn, len(_VOWELS))
            parts.append(_ONSETS[onset] + _VOWELS[vowel])
        return "".join(parts) + _CODAS[drawn % len(_CODAS)]

    def _letters(self, kind: str, value: str, size: int) -> str:
        """Hexadecimal digits that are letters: no number stands in them."""
        drawn = self._draw(kind, value, 0)
        return "".join("abcdef"[drawn // int(6**place) % 6] for place in range(size))

    def _gives_away(self, digits: str) -> bool:
        """Whether one of the avoided numbers stands in a text of digits."""
        return any(
            digits[begin : begin + length] in self._avoided
            for length in self._lengths
            for begin in range(len(digits) - length + 1)
        )


def _is_phone(text: str) -> bool:
    return _PHONE.fullmatch(_LAST_SPACE.sub("", text)) is not None


def _share_run(one: str, other: str) -> bool:
    """Whether seven digits in a row of one stand in the other."""
    return any(one[begin : begin + LEAST_DIGITS] in other for begin in range(len(one) - LEAST_DIGITS + 1))


# --- ranges kept for fiction --------------------------------------------------------------------------------------


def _north_american(drawn: int) -> str:
    return f"1{_AREA_CODES[drawn // 100 % len(_AREA_CODES)]}55501{drawn % 100:02d}"


def _british_fixed(drawn: int) -> str:
    return f"{(_LONDON, _NO_AREA)[drawn % 2]}{drawn // 2 % 1000:03d}"


def _british_mobile(drawn: int) -> str:
    return f"{_BRITISH_MOBILE}{drawn % 1000:03d}"


def _australian(drawn: int) -> str:
    return f"{_AUSTRALIAN[drawn % 8]}{drawn // 8 % 10_000:04d}"


_REGIONS: Final = (_north_american, _australian, _british_mobile, _british_fixed)


def _region_of(identity: str) -> Callable[[int], str]:
    if identity.startswith("1"):
        return _north_american
    if identity.startswith("447"):
        return _british_mobile
    return _british_fixed if identity.startswith("44") else _australian
