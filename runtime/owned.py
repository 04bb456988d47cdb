"""What the owner of the house wrote down: devices, sentences, rules, and boards that do not describe themselves.

Knows which files there may be. What is in each is the business of whoever reads it.
"""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from firmware_bridge.described.boards import DescribedBoard
from firmware_bridge.described.boards import boards as boards_file
from firmware_bridge.errors import BoardsFileError
from runtime.commands.policy.settings import PolicySettings
from runtime.commands.policy.toml import policy_file
from runtime.commands.registry.toml import HouseFile, house_file
from runtime.commands.rules.owner import Sentences
from runtime.commands.unmatched import refuse_misspelt
from runtime.config import Config
from runtime.errors import ConfigError

FOLDER: Final = "house"


@dataclass(frozen=True, slots=True)
class Owned:
    """What the owner wrote down, read."""

    house: HouseFile = HouseFile()  # noqa: RUF009  frozen
    sentences: Sentences = Sentences()  # noqa: RUF009  frozen
    policy: PolicySettings = PolicySettings()  # noqa: RUF009  frozen
    boards: tuple[DescribedBoard, ...] = ()

    @classmethod
    def read(cls, config: Config, state: Path) -> "Owned":
        """Each file, if it is there.

        Raises:
            ConfigError: one that is there is not sound, or the folder that was named is not there.
        """
        folder = config.commands.folder or state / FOLDER
        if config.commands.folder is not None and not folder.is_dir():
            raise ConfigError(f"commands.folder is {folder}, which is no folder; make it or name another")
        house, sentences, policy, boards = (
            folder / f"{each}.toml" for each in ("house", "sentences", "policy", "boards")
        )
        rules = policy_file(policy) if policy.exists() else PolicySettings()
        described = house_file(house) if house.exists() else HouseFile()
        try:
            refuse_misspelt(rules, described)
        except ConfigError as exc:
            raise ConfigError(f"{policy}: {exc}") from exc
        return cls(
            described,
            Sentences.file(sentences) if sentences.exists() else Sentences(),
            replace(rules, confirm_s=config.commands.confirm_s),
            _boards_of(boards) if boards.exists() else (),
        )


def _boards_of(file: Path) -> tuple[DescribedBoard, ...]:
    try:
        return boards_file(file)
    except BoardsFileError as exc:
        raise ConfigError(str(exc)) from exc
