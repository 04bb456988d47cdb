"""THE check of firmware: whether it may go to a board. The one place where that is decided."""

import hashlib
from collections.abc import Mapping
from typing import Final

from firmware_bridge.flash import program
from firmware_bridge.flash.errors import ContentError, NoProgramError, ProgramError
from firmware_bridge.flash.manifest import Avrdude, Esptool, File, Manifest, Smp, read
from firmware_bridge.smp import image
from firmware_bridge.smp.image import ImageError

UNSIGNED: Final = "not signed: whoever made this bundle decides what the board does"
"""What people are told as long as nobody signs bundles."""


def check(manifest: bytes, files: Mapping[str, bytes]) -> Manifest:
    """What the bundle is, if it is whole: every file is there that its manifest names, no other, each as it says.

    It is *not* checked who made it: a hash in a manifest says that nothing was changed by accident, and anybody can
    write a manifest. A signature over the bytes of `manifest` covers all files by their hashes, and is to be verified
    here, before anything is read from them.

    Raises:
        ManifestError: the manifest cannot be.
        ContentError: a file is missing, too many, or another one.
        NoProgramError: a file is none that its method may write.
    """
    said = read(manifest)
    for name in files.keys() - {each.name for each in said.files}:
        raise ContentError(name, "is not in its manifest")
    for each in said.files:
        if each.name not in files:
            raise ContentError(each.name, "is missing")
        data = files[each.name]
        if len(data) != each.size:
            raise ContentError(each.name, f"has {len(data)} bytes, and should have {each.size}")
        if hashlib.sha256(data).hexdigest() != each.sha256:
            raise ContentError(each.name, "is not the file its manifest was made for")
    _check_programs(said, files)
    return said


def _check_programs(said: Manifest, files: Mapping[str, bytes]) -> None:
    for each in said.files:
        try:
            _check_program(said, each, files[each.name])
        except ProgramError as exc:
            raise NoProgramError(each.name, exc) from exc
    if isinstance(said.method, Esptool):
        chip = said.method.chip
        if not any(program.is_esp_image(files[each.name], each.offset or 0, chip) for each in said.files):
            raise NoProgramError(
                said.files[0].name,
                f"is no image of an {chip}, nor is any other file; take the .bin that the build made",
            )


def _check_program(said: Manifest, file: File, data: bytes) -> None:
    match said.method:
        case Smp():
            _check_image(said, data)
        case Avrdude(part):
            program.check_avr(data, part)
        case Esptool(chip):
            program.check_esp(data, file.offset or 0, chip)


def _check_image(said: Manifest, data: bytes) -> None:
    try:
        found = image.read(data)
    except ImageError as exc:
        raise ProgramError(f"is no firmware for SMP: {exc}") from exc
    if found.size != len(data):
        raise ProgramError("has something behind its image; take what imgtool makes without --pad")
    if found.version != said.version:
        raise ProgramError(
            f"is version {found.version}, and its manifest says {said.version}; make the bundle with the version that "
            "imgtool was given"
        )
