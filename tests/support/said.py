"""What a meaning comes to, short enough to stand beside a sentence in a table."""

from runtime.commands.meaning import CancelPlanned, Cannot, Do, Meaning, Tell, TellPlanned, Which


def short(meaning: Meaning | None) -> str:
    """`lamp.power=on +600` for what is done, `? a | b` for what is asked, `! reason`, `" text`, `- devices`."""
    match meaning:
        case None:
            return "none"
        case Do(actions, after_s):
            later = [f"+{after_s:g}"] if after_s else []
            return " ".join([*map(str, actions), *later])
        case Which(_, options, waiting):
            return "? " + " | ".join([*(each.label for each in options), *map(str, waiting)])
        case Cannot(reason):
            return f"! {reason}"
        case Tell(text):
            return f'" {text}'
        case CancelPlanned(devices) | TellPlanned(devices):
            return " ".join(["-" if isinstance(meaning, CancelPlanned) else "planned:", *devices])
