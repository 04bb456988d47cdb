"""White space that is only layout if nothing follows it. Text in, text out."""


class Trailing:
    """Holds white space back until a word follows."""

    def __init__(self) -> None:
        self.held = ""
        self.said = False
        """Whether there was a word."""

    def feed(self, text: str) -> str:
        """The text up to its last word, behind the white space that was held."""
        text = self.held + text
        shown = text.rstrip()
        self.held = text[len(shown) :]
        self.said = self.said or bool(shown)
        return shown
