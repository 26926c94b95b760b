"""Scrubbing: what identifies or opens something becomes a placeholder, and what only looks like it stays."""

from __future__ import annotations

import re
import time
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from stdnum import luhn

from echo.corpus.numbers import REGIONS
from echo.corpus.scrubbing import scrub
from echo.persona.placeholders import KINDS, PLACEHOLDER, placeholder

JWT = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJ3cmVuIn0.c2lnbmF0dXJlLW9mLW5vLW9uZQ"
PEM = "-----BEGIN PRIVATE KEY-----\nMIIBVgIBADANBgkqhkiG9w0BAQEFAASC\n-----END PRIVATE KEY-----"
DISCORD = "MTIzNDU2Nzg5MDEyMzQ1Njc4.GabcdE.abcdefghijklmnopqrstuvwxyz0123456789AB"

FOUND = [
    ("mail wren.hale@example.org please", "mail [e-mail] please"),
    ("wren+shed@mail.example.co.uk, ok?", "[e-mail], ok?"),
    ("wren (at) example (dot) org", "[e-mail]"),
    ("wren [at] example [dot] org", "[e-mail]"),
    ("wren at example dot org", "[e-mail]"),
    ("wren AT example DOT org", "[e-mail]"),
    ("wren (at) example.org", "[e-mail]"),
    ("wren[at]example.org", "[e-mail]"),
    ("wren at gmail.com", "[e-mail]"),
    ("wren@ example.org", "[e-mail]"),
    ("wren%40example.org", "[e-mail]"),
    ("https://example.org/u/wren%40example.org", "https://example.org/u/[e-mail]"),
    ("call +49 170 1234567 now", "call [phone] now"),
    ("212\u2011555\u20110123 or 212\u2013555\u20130123", "[phone] or [phone]"),
    ("\u0660\u0661\u0667\u0661 \u0662\u0663\u0664\u0665\u0666\u0667\u0668", "[phone]"),
    ("call +1-555-867-5309", "call [phone]"),
    ("+4917012345678!", "[phone]!"),
    ("or 555-867-5309?", "or [phone]?"),
    ("(212) 555-0123 till five", "[phone] till five"),
    ("212-555-0123", "[phone]"),
    ("212.555.0123", "[phone]"),
    ("1-212-555-0123", "[phone]"),
    ("020 7946 0958", "[phone]"),
    ("(call +49 170 1234567)", "(call [phone])"),
    ("(+49 170 1234567)", "([phone])"),
    ("+49 (0)170 1234567", "[phone]"),
    ("030/901820 or 0170 1234567", "[phone] or [phone]"),
    ("06 12 34 56 78", "[phone]"),
    ("06.12.34.56.78", "[phone]"),
    ("0049 170 1234567", "[phone]"),
    ("612 345 678", "[phone]"),
    ("my number is 5551234", "my number is [phone]"),
    ("text me: 555-1234", "text me: [phone]"),
    ("DE89 3704 0044 0532 0130 00 is mine", "[iban] is mine"),
    ("de89370400440532013000 ok", "[iban] ok"),
    ("GB82-WEST-1234-5698-7654-32", "[iban]"),
    ("FR1420041010050500013M02606", "[iban]"),
    ("it's 4111 1111 1111 1111, 12/26", "it's [card], 12/26"),
    ("5500-0000-0000-0004", "[card]"),
    ("378282246310005", "[card]"),
    ("3782 822463 10005", "[card]"),
    ("1 4111 1111 1111 1111 2", "1 [card] 2"),
    ("at 192.168.17.4:8080", "at [ip]"),
    ("10.0.0.0/8.", "[ip]."),
    ("http://192.168.17.4:8080/x", "http://[ip]/x"),
    ("fe80::1ff:fe23:4567:890a%eth0", "[ip]"),
    ("[2001:db8::1]:443", "[ip]"),
    ("2001:db8:0:0:0:0:0:1", "[ip]"),
    ("00:1A:2B:3C:4D:5E", "[mac]"),
    ("00-1a-2b-3c-4d-5e", "[mac]"),
    (f"it is {DISCORD}", "it is [key]"),
    (JWT, "[key]"),
    (f"{PEM}\nthere", "[key]\nthere"),
    ("-----BEGIN RSA PRIVATE KEY-----\nMIIB", "[key]"),
    ("AKIAIOSFODNN7EXAMPLE", "[key]"),
    ("aws_secret_access_key = wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY", "aws_secret_access_key = [key]"),
    ("ghp_abcdefghijklmnopqrstuvwxyz0123456789", "[key]"),
    ("github_pat_11ABCDEFG0abcdefghij_klmnopqrstuvwxyz", "[key]"),
    ("glpat-abcdefghij0123456789", "[key]"),
    ("xoxb-123456789012-abcdefghijkl", "[key]"),
    ("sk-test-a1b2c3d4e5f6g7h8", "[key]"),
    ("sk_live_a1b2c3d4e5f6g7h8", "[key]"),
    ("AIzaSyA1234567890abcdefghijklmnopqrstuv", "[key]"),
    ("123456789:AAabcdefghijklmnopqrstuvwxyz0123456", "[key]"),
    ("ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIabcdefgh wren", "[key] wren"),
    ("Authorization: Bearer abcDEF123456ghiJKL", "Authorization: Bearer [key]"),
    ("da39a3ee5e6b4b0d3255bfef95601890afd80709", "[key]"),
    ("123e4567-e89b-12d3-a456-426614174000", "[key]"),
    ("q7Rz1Lk9Xw2Vb8Nf4Tg6Hy3Jm5Pd0Sc1Aa", "[key]"),
    ("password: hunter2", "password: [password]"),
    ("PASSWORD=hunter", "PASSWORD=[password]"),
    ("DB_PASSWORD='hunter2'", "DB_PASSWORD='[password]'"),
    ('{"password": "hunter2"}', '{"password": "[password]"}'),
    ("pw=abc123!", "pw=[password]!"),
    ("password: ||hunter2||", "password: ||[password]||"),
    ("**password:** hunter2", "**password:** [password]"),
    ("password:\nhunter2", "password:\n[password]"),
    ("pw hunter2", "pw [password]"),
    ("password - hunter2", "password - [password]"),
    ("my password's hunter2", "my password's [password]"),
    ("user: wren pass: hunter2", "user: wren pass: [password]"),
    ("the pass is hunter2", "the pass is [password]"),
    ("0x" + "0f1e2d3c4b5a6978" * 4, "[key]"),
    ("my password is swordfish.", "my password is [password]."),
    ("the password is hunter2 for now", "the password is [password] for now"),
    ("Passwort: Geheim99", "Passwort: [password]"),
    ("pin: 4711", "pin: [password]"),
    ("token=a1b2c3d4e5", "token=[key]"),
    ("https://user:hunter2@example.org/x", "https://[password]@example.org/x"),
    ("https://example.org/x?token=abc&v=1", "https://example.org/x?token=[key]&v=1"),
    ("https://example.org/x?a=1&access_token=abc#t", "https://example.org/x?a=1&access_token=[key]#t"),
    ("https://example.org/?email=wren@example.org", "https://example.org/?email=[e-mail]"),
    ("https://discord.com/api/webhooks/123456789012345678/abc-DEF_1", "https://discord.com/api/webhooks/123456789012345678/[key]"),
    ("https://api.telegram.org/bot123456:abc/getMe", "https://api.telegram.org/[key]/getMe"),
    ("https://wa.me/491701234567", "https://wa.me/[phone]"),
    ("123456789012345678 is the id", "[number] is the id"),
    ("1700000000", "[number]"),
    ("219-09-9999", "[number]"),
    ("1234 5678 9012", "[number]"),
]  # fmt: skip

STAYS = [
    "see you at 12:30:45, or 12.30",
    "2024-01-31 12:30 and 31.01.2024 12:30 and 1/31/24",
    "from 2021-09-24/2021-09-25 or 2019-2020",
    "20240131",
    "it costs $1,234,567.89 or 1.234.567,89 € or 1000000",
    "1,234,567,890 people, 1.234.567.890, 18 446 744 073 709 551 615",
    "version 1.2.3.4 of 10.0.19044.1466, v1.2.3",
    "3.14159265358979 and 0.99.999999",
    "978-3-16-148410-0 and 9783161484100 and 0-306-40615-2",
    "#ff00ff #abc 0xdeadbeef 0x7fffffffdead",
    "commit 1a2b3c4 and 0123456789ab",
    "10 20 30 40 50, 1 2 3 4 5 6 7 8 9 10 11 12",
    "[16612/18027] built, 100-200, 10000-20000",
    "00111110 00010100",
    "call me at 5, 12 of us",
    "https://discord.com/channels/123456789012345678/223456789012345678/323456789012345678",
    "https://example.org/commit/da39a3ee5e6b4b0d3255bfef95601890afd80709",
    "https://youtu.be/dQw4w9WgXcQ?t=42",
    "https://example.org/a/v1.2.3.4/b",
    "std::string A::B ::1 a::b",
    "memfd_create@GLIBC_2.27 openssl@1.1 @here me@home",
    "git clone git@example.org:wren/shed",
    "look at that, we dot the i",
    "look at example.org, meet at github.com, cc @wren.hale or @ wren",
    "password hashing by sha256, a password manager, pass x86_64 and python3, pass it on",
    "Password:\nUsername:",
    "the password is wrong, the password was changed, no password: none",
    "const password: string = getPassword();",
    "forgot-password: yes, exactly",
    "password is project policy",
    "pwd is not root",
    "token: Token, tokens = tokenize(text)",
    "key=value, the key is missing",
    "some_very_long_function_name_without_numbers_in_it",
    "/usr/local/lib/python3/site-packages/Something/Else2/AndMore3/there",
    "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
    "HAHAHAHAHAHAHAHAHAHAHAHAHAHAHAHAHAHAHAHA1",
    ":D ^_^ <3 8) :3 ¯\\_(ツ)_/¯ o7",
    "[x] done, a[0] = b[1]",
    "```\nfor (i = 0; i < 10; i++) { x[i] = 255; }\n```",
    "",
]


@pytest.mark.parametrize(("text", "expected"), FOUND)
def test_what_identifies_or_opens_becomes_a_placeholder(text: str, expected: str) -> None:
    scrubbed, counts = scrub(text)
    assert scrubbed == expected
    assert sum(counts.values()) == len(PLACEHOLDER.findall(expected))


@pytest.mark.parametrize("text", STAYS)
def test_what_only_looks_like_it_stays(text: str) -> None:
    assert scrub(text) == (text, {})


def test_kinds_are_counted_and_values_are_nowhere_in_the_counts() -> None:
    text, counts = scrub("wren@example.org otto@example.org +49 170 1234567 pw: hunter2")
    assert text == "[e-mail] [e-mail] [phone] pw: [password]"
    assert counts == {"e-mail": 2, "phone": 1, "password": 1}


@pytest.mark.parametrize("kind", KINDS)
def test_a_placeholder_is_not_scrubbed_again(kind: str) -> None:
    for text in (
        f"the {placeholder(kind)}.",
        f"password: {placeholder(kind)}",
        f"https://a.org/?token={placeholder(kind)}",
    ):
        assert scrub(text) == (text, {})


def test_the_page_about_scrubbing_tells_of_every_kind_and_country() -> None:
    page = (Path(__file__).parents[2] / "docs" / "scrubbing.md").read_text("utf-8")
    assert set(re.findall(r"`\[([\w-]+)\]`", page.split("## What is scrubbed")[1].split("How many")[0])) == set(KINDS)
    assert f"({', '.join(REGIONS)})" in page


PIECES = st.sampled_from(
    [text for text, _ in FOUND]
    + STAYS
    + ["@", ".", ":", "-", "+", "(", "/", " ", "\n", "[", "]", "12", "a1", "://", "pw", "="]
)
TEXTS = st.one_of(
    st.text(max_size=120), st.lists(PIECES, max_size=5).map("".join), st.lists(PIECES, max_size=5).map(" ".join)
)


@settings(max_examples=300)
@given(TEXTS)
def test_any_text_is_scrubbed_once_and_for_all(text: str) -> None:
    scrubbed, counts = scrub(text)
    assert scrub(scrubbed) == (scrubbed, {})
    assert len(scrubbed) <= 4 * len(text) + 16
    assert set(counts) <= set(KINDS)
    assert all(number > 0 for number in counts.values())
    if not PLACEHOLDER.search(text):
        assert len(PLACEHOLDER.findall(scrubbed)) >= bool(counts)


BESIDE = st.text(
    st.characters(blacklist_categories=["Nd", "Nl", "No", "L", "Cs"], blacklist_characters="_@"), max_size=8
)
WORDS = st.lists(st.sampled_from(["so", "it is", "pay", "mine:", "ok?", "(", ")", "!", "\n", "or"]), max_size=4).map(
    " ".join
)


@settings(max_examples=150)
@given(
    WORDS, st.integers(0, 10**10), st.sampled_from(["4{:011d}", "51{:010d}", "4{:014d}"]), st.sampled_from(" -"), WORDS
)
def test_no_digit_of_a_card_survives(before: str, number: int, form: str, sign: str, after: str) -> None:
    digits = form.format(number)
    digits += luhn.calc_check_digit(digits)
    grouped = sign.join(digits[i : i + 4] for i in range(0, len(digits), 4))
    for said in (digits, grouped):
        assert not any(map(str.isdigit, scrub(f"{before} {said} {after}")[0]))


@settings(max_examples=150)
@given(WORDS, st.integers(0, 10**18 - 1), st.sampled_from(["", " ", "-"]), st.booleans(), WORDS)
def test_no_digit_of_an_account_survives(before: str, number: int, sign: str, small: bool, after: str) -> None:
    account = f"{number:018d}"
    check = 98 - int(account + "131400") % 97
    iban = f"DE{check:02d}{account}"
    said = sign.join(iban[i : i + 4] for i in range(0, len(iban), 4))
    scrubbed, _ = scrub(f"{before} {said.lower() if small else said} {after}")
    assert not any(map(str.isdigit, scrubbed))


@settings(max_examples=150)
@given(
    WORDS,
    st.integers(0, 99_999_999),
    st.sampled_from(
        ["+49 170 {0}", "+49170{0}", "+49-170-{0}", "(+49) 170 {0}", "0170 {0}", "0170{0}", "+1 (212) {1}-{2}"]
    ),
    WORDS,
)
def test_no_digit_of_a_telephone_survives(before: str, number: int, form: str, after: str) -> None:
    said = form.format(f"{number:08d}", f"2{number % 100:02d}", f"{number % 10_000:04d}")
    assert not any(map(str.isdigit, scrub(f"{before} {said} {after}")[0]))


HOSTILE = [
    *(
        "a",
        "1",
        "1 ",
        "1.",
        "1-",
        "a@",
        "a.",
        "@a.",
        ":",
        "a:",
        "1:",
        "f:",
        "-",
        "(",
        "+",
        "/",
        "a/",
        "A1b",
        "=",
        "[",
        "<",
    ),
    *(
        "eyJa",
        "eyJaaaaaaaa.",
        "sk-",
        "password ",
        "password:",
        "pw is ",
        "pin ",
        "key=",
        "key ",
        "DE89",
        "DE89 ",
        " ",
        "\n",
    ),
    *(
        "https://",
        "https://a@",
        "https://a?token=",
        "?a=",
        "a dot ",
        "a at ",
        "```",
        "-----BEGIN A-----",
        "ssh-rsa ",
        "1/1/",
    ),
    *(
        "bearer ",
        "phone ",
        "call 1",
        "é",
        "\u0661",
        "0.1",
        "aA1/",
        "number",
        "1.1.1.1",
        "+1",
        "(1",
        "12-34-5678 ",
        "@a.b ",
    ),
]


@pytest.mark.parametrize("piece", HOSTILE)
def test_hostile_repetition_costs_no_more_than_its_length(piece: str) -> None:
    for length in (2_000, 100_000):
        text = piece * (length // len(piece)) + "x"
        began = time.process_time()
        scrub(text)
        assert time.process_time() - began < 1.0
