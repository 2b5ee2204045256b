"""Messages: English sentences that can be shown in another language.

A `Message` is a string: the English sentence. Records, logs, `failures.csv`, JSON, the web API, `==` and `in`
see that and nothing else, on every machine. It also keeps the template and the values that it was made of. They are
with it in `str(error)`, in a pickle, and in another message that has it as a value. So one place, at the terminal,
can show the sentence in the language of the person who reads it. Whoever raises or returns a message knows nothing
of languages. A string that is made of a message, such as a part of it, is plain English again.

Templates are literals of this code, which `scripts/messages.py` collects for translators. A value is never read as
a template.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

Value = str | int | float | bool | None


class Message(str):
    """An English sentence, with its template and the values in it."""

    template: str
    values: Mapping[str, Value]

    def __str__(self) -> str:
        """Itself, so that the `str` of an exception is still its message."""
        return self


def message(template: str, /, **values: object) -> Message:
    """A sentence for people.

    Args:
        template: in English, for `str.format`; without values it is the sentence itself, braces and all.
        values: what is put in. Those that are messages, or exceptions with a message, are translated with it.
    """
    if isinstance(template, Message) and not values:
        return template
    sentence = Message(template.format(**values) if values else template)
    sentence.template = str.__str__(template)
    sentence.values = {name: _kept(value) for name, value in values.items()}
    return sentence


def _kept(value: object) -> Value:
    """A value as plain data, which can be pickled and holds on to nothing."""
    return value if value is None or isinstance(value, (str, int, float)) else str(value)


def either(words: Sequence[str]) -> Message:
    """`a, b or c`."""
    if len(words) < 2:
        return message("".join(words))
    return message("{words} or {last}", words=", ".join(words[:-1]), last=words[-1])
