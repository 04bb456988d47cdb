from typing import get_args

import pytest

from models.catalogue import Dialect, Entry, catalogue
from runtime.text.tools import DIALECTS, NONE, dialect


@pytest.mark.parametrize("entry", catalogue().values(), ids=lambda entry: entry.name)
def test_the_dialect_of_every_model_of_the_catalogue_is_spoken(entry: Entry) -> None:
    assert (dialect(entry.tool_dialect) is None) == (entry.tool_dialect == NONE)


def test_the_catalogue_may_name_every_dialect_there_is() -> None:
    assert {*DIALECTS, NONE} == set(get_args(Dialect))
