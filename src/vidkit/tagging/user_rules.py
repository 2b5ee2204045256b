"""The user's rules, from the file that config.ini names."""

from __future__ import annotations

from pathlib import Path

from vidkit.core.config import Config, Rules
from vidkit.errors import ConfigError
from vidkit.tagging.rules import RuleSet, load_custom_tags


def open_rules(config: Config) -> RuleSet:
    """The user's rules; none if the default file does not exist.

    Raises:
        ConfigError: the configured file does not exist, or a file has a mistake.
    """
    path = config.rules.custom_tag_rules
    named = ("Rules", "CustomTagRules") in config.explicit and path != Rules().custom_tag_rules
    if named and isinstance(path, Path) and not path.is_file():
        raise ConfigError(
            "{path}: no such rule file ([Rules] CustomTagRules). `vidkit init` writes one.", path=path
        )
    return load_custom_tags(path).in_language(config.qwen_vl.language)
