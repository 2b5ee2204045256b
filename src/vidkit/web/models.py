"""The base classes of the models for requests and answers."""

from __future__ import annotations

import warnings

from pydantic import BaseModel, ConfigDict
from pydantic.warnings import UnsupportedFieldAttributeWarning

# FastAPI names parameters in a way that pydantic warns of. It hides the warning only where it builds at once.
warnings.filterwarnings("ignore", category=UnsupportedFieldAttributeWarning)


class Model(BaseModel):
    """A model whose checks pydantic builds when it is first used: all of them at the start took 0.2 seconds."""

    model_config = ConfigDict(defer_build=True)


class Body(Model):
    """The body or the parameters of a request; unknown names are refused."""

    model_config = ConfigDict(extra="forbid")
