"""Where sentences end."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from distributor.text import sentences


@pytest.mark.parametrize(
    ("language", "expected"),
    [
        ("en", ["The U.S. and Dr. Smith met at 5 p.m. in Washington, D.C. on Jan. 5.", "The deal costs $3.5 million."]),
        ("en", ["He lives in the U.S.", "The rest is history.", "Acme Inc. said so.", "See No. 5 on p. 7, e.g. this."]),
        ("en", ['"It is over. We won," he said.', "“Really?” asked J. R. Tolkien.", "“Yes.”", "He left."]),
        (
            "en",
            ["They left... and came back!", "Wait…", "What?", "(Yes. It is.)", "The market fell at 9 a.m.", "It rose."],
        ),
        ("en", ["The answer was no.", "He scored 10.", "Mr. and Mrs. Jones met Gov. Lee at St. Mary's vs. Leeds."]),
        ("de", ["Am 3. Mai kam Dr. Müller z. B. nach Berlin.", "Er sagte: „Das ist es. Ende.“", "Dann ging er."]),
        ("", ["Am 12. September startet die Messe.", "Das war gut."]),
        ("fr", ["M. Dupont est arrivé à 5 h.", "Il a dit : « Oui. Non. » et puis rien.", "Est-ce vrai ?", "Oui !"]),
        ("es", ["El Sr. García llegó a EE. UU. ayer.", "¿Qué pasó?", "¡Nada!"]),
        ("it", ["Il dott. Rossi è qui.", "Il sig. Bianchi no."]),
        ("pt", ["O Sr. Silva chegou.", "A Dra. Costa também."]),
        ("nl", ["Dhr. Jansen kwam om ca. 5 uur.", "Hij bleef."]),
        ("el", ["Τι είναι;", "Δεν ξέρω."]),
        ("hi", ["यह पहला है।", "यह दूसरा है।"]),
        ("ar", ["هذا أول.", "هل هذا صحيح؟", "نعم."]),
    ],
)
def test_sentences_end_where_a_reader_would_end_them(language: str, expected: list[str]) -> None:
    assert sentences(" ".join(expected), language) == expected


def test_scripts_without_spaces_have_stops_of_their_own() -> None:
    assert sentences("今日は晴れ。「はい。」と言った。本当？はい！", "ja") == [
        "今日は晴れ。",
        "「はい。」と言った。",
        "本当？",
        "はい！",
    ]
    assert sentences("他说：“今天很好。明天也好。”然后走了。", "zh") == ["他说：“今天很好。明天也好。”", "然后走了。"]
    assert sentences("ဒါပထမ။ ဒုတိယ။", "my") == ["ဒါပထမ။", "ဒုတိယ။"]


def test_thai_ends_a_sentence_at_a_space_once_it_is_long_enough() -> None:
    found = sentences("สวัสดีครับ " * 20, "th")
    assert len(found) > 1
    assert all(len(sentence) >= 60 for sentence in found[:-1])


def test_a_line_break_ends_a_sentence_unless_the_next_line_goes_on() -> None:
    assert sentences("A heading\n\nThe text runs\nover lines.") == ["A heading", "The text runs over lines."]


@given(st.text(alphabet='abc ABC.!?"“”()\n。「」5…', max_size=80), st.sampled_from(["", "en", "de", "ja", "xx-YY"]))
def test_nothing_is_lost(text: str, language: str) -> None:
    assert "".join("".join(sentences(text, language)).split()) == "".join(text.split())
