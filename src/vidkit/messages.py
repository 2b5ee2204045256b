"""Messages: English sentences that can be shown in another language.

A `Message` is a string: the English sentence. Records, logs, `failures.csv`, JSON, the web API, `==` and `in`
see that and nothing else, on every machine. It also keeps the template and the values that it was made of. They are
with it in `str(error)`, in a pickle, and in another message that has it as a value. So one place, at the terminal,
can show the sentence in the user's language (`translated`). Whoever raises or returns a message knows nothing
of languages. A string that is made of a message, such as a part of it, is plain English again.

Templates are literals of this code, which `scripts/messages.py` collects for translators. A value is never read as
a template.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from vidkit import language

Value = str | int | float | bool | None


class Message(str):
    """An English sentence, with its template and values; `many` is the template for another count than one."""

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
        values: what is put in. Those that are messages, or exceptions with a message, are translated with it.

    Returns:
        A `Message`.
    """
    if isinstance(template, Message) and not values:
        return template
    return _made(template.format(**values) if values else template, template, "", values)


def numbered(one: str, many: str, count: int) -> str:
    """A message with a number in it, as by `numbered("{count} video", "{count} videos", 3)`."""
    return _made((one if count == 1 else many).format(count=count), one, many, {"count": count})


def _made(sentence: str, template: str, many: str, values: Mapping[str, object]) -> Message:
    made = Message(sentence)
    made.template, made.many = str.__str__(template), many
    made.values = {name: _kept(value) for name, value in values.items()}
    return made


def _kept(value: object) -> Value:
    """A value as plain data, which can be pickled and holds on to nothing."""
    return value if value is None or isinstance(value, (str, int, float)) else str(value)


def either(words: Sequence[str]) -> str:
    """`a, b or c`."""
    if len(words) < 2:
        return message("".join(words))
    return message("{words} or {last}", words=", ".join(words[:-1]), last=words[-1])


def translated(text: object) -> str:
    """A text in the user's language: a message, or an exception with one. Any other text stays as it is."""
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


# What the operating system gives as a reason; Python has it in English.
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
    """A sentence that is shown at once, in the user's language: `print(_("{videos} erased", videos=...))`."""
    return translated(message(template, **values))
