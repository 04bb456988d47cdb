"""Which tokens a piece of the answer is made of, where their likelihoods were asked for.

Text is held back (it may become a stop string), and some is never shown: so tokens wait here until their letters are.
Those of thoughts, marks and calls are no text of the answer, and are forgotten. Knows text; not how it came about.
"""

from collections import deque

from runtime.completion.values import Said


class Unsaid:
    """Tokens whose letters have not been shown, in order."""

    def __init__(self) -> None:
        self._tokens = deque[tuple[Said, str]]()
        self._ahead = 0
        """Letters of the token that was taken last which are still to be shown."""

    def add(self, said: Said, letters: str) -> None:
        """Know of a token, and of the letters that it made certain: none, where it is only a part of a character."""
        self._tokens.append((said, letters))

    def clear(self) -> None:
        """Forget what turned out to be no text of the answer."""
        self._tokens.clear()
        self._ahead = 0

    def take(self, text: str) -> tuple[Said, ...]:
        """The tokens that this text, which is now shown, begins to show."""
        taken = []
        place = self._ahead
        while place < len(text) and self._tokens:
            said, letters = self._tokens.popleft()
            if letters.isspace() and not text.startswith(letters[: len(text) - place], place):
                continue  # layout around a thought
            taken.append(said)
            place += len(letters)
        self._ahead = max(0, place - len(text))
        return tuple(taken)
