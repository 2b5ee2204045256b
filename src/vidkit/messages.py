"""Messages: English sentences that can be shown in another language.

A `Message` is a string: the English sentence. Records, logs, `failures.csv`, JSON, the web API, `==` and `in` use
only that, on every machine. It also keeps its template and its values, also in `str(error)`, in a pickle, and as a
value of another message. So one place, at the terminal, can show the sentence in the user's language
(`translated`). Code that raises or returns a message does not depend on languages. A string that is made from a
message, such as a part of it, is plain English.

Templates are literals in the code, which `scripts/messages.py` collects for translators. A value is never used as a
template.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from vidkit import language

Value = str | int | float | bool | None


class Message(str):
    """An English sentence, with its template and values; `many` is the plural template."""

    template: str
    many: str
    values: Mapping[str, Value]

    def __str__(self) -> str:
        """Itself, so that the `str` of an exception is still its message."""
        return self


def message(template: str, /, **values: object) -> str:
    """A sentence for people.

    Args:
        template: in English, for `str.format`; without values it is the sentence itself, braces and all.
        values: the values of its fields. Messages, and exceptions with a message, are translated with it.

    Returns:
        A `Message`.
    """
    if isinstance(template, Message) and not values:
        return template
    return _new(template.format(**values) if values else template, template, "", values)


def numbered(one: str, many: str, count: int) -> str:
    """A message with a number, such as `numbered("{count} video", "{count} videos", 3)`."""
    return _new((one if count == 1 else many).format(count=count), one, many, {"count": count})


def _new(sentence: str, template: str, many: str, values: Mapping[str, object]) -> Message:
    made = Message(sentence)
    made.template, made.many = str.__str__(template), many
    made.values = {name: _plain(value) for name, value in values.items()}
    return made


def _plain(value: object) -> Value:
    """A value as plain data, which can be pickled and keeps no other objects alive."""
    return value if value is None or isinstance(value, (str, int, float)) else str(value)


def either(words: Sequence[str]) -> str:
    """`a, b or c`."""
    if len(words) < 2:
        return message("".join(words))
    return message("{words} or {last}", words=", ".join(words[:-1]), last=words[-1])


def translated(text: object) -> str:
    """A message, or an exception with one, in the user's language. Any other text is unchanged."""
    text = str(text)
    if not isinstance(text, Message):
        return text
    values = {name: _shown(name, value) for name, value in text.values.items()}
    if text.many:
        return language._n(text.template, text.many, int(values["count"] or 0))
    return language._(text.template, **values)


def _shown(name: str, value: Value) -> Value:
    if isinstance(value, Message):
        return translated(value)
    return language._(value) if name == "reason" and isinstance(value, str) and value in _SYSTEM else value


# Reasons of the operating system, which Python has in English.
_SYSTEM = {
    message("Address already in use"),
    message("Connection refused"),
    message("Directory not empty"),
    message("File exists"),
    message("File name too long"),
    message("Input/output error"),
    message("Is a directory"),
    message("No space left on device"),
    message("No such file or directory"),
    message("Not a directory"),
    message("Operation not permitted"),
    message("Permission denied"),
    message("Read-only file system"),
    message("Too many open files"),
}


def _(template: str, /, **values: object) -> str:
    """A sentence in the user's language, to show at once: `print(_("{videos} erased", videos=...))`."""
    return translated(message(template, **values))
