"""Whether a broker can be reached, and what the log says of it: a line a loss, not a line an attempt to mend it."""

import logging
from collections.abc import Iterable


class Connection:
    """What is known of one."""

    def __init__(self, log: logging.Logger) -> None:
        self._log = log
        self._there: bool | None = None

    @property
    def there(self) -> bool:
        """Whether it is there now."""
        return bool(self._there)

    def up(self, news: str, refused: Iterable[str]) -> None:
        """It is there; the broker does not let us hear what matches the filters in `refused`."""
        self._there = True
        self._log.info("%s", news)
        for each in refused:
            self._log.warning("the broker does not let us subscribe to %s; see its access rules", each)

    def down(self, news: str, reason: str) -> None:
        """It is lost, or was not to be had."""
        level = logging.DEBUG if self._there is False else logging.WARNING
        self._log.log(level, "%s: %s; trying again until it is back", news, reason)
        self._there = False
