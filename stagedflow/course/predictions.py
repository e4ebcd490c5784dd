"""Say what will happen, before it does; then see it beside what was measured."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import ipywidgets

from stagedflow.course import progress_file
from stagedflow.errors import LabError
from stagedflow.widgets.escaping import escape, for_terminal


@dataclass(frozen=True, repr=False)
class Revealed:
    """A prediction beside what was measured.

    Attributes:
        question: What was asked.
        predicted: The option that was chosen, or None.
        measured: What really happened.
    """

    question: str
    predicted: str | None
    measured: str

    @property
    def right(self) -> bool | None:
        """Whether they agree; None if nothing was predicted."""
        return None if self.predicted is None else self.predicted == self.measured

    @property
    def _verdict(self) -> str:
        if self.predicted is None:
            return "you made no prediction"
        return f"you predicted: {self.predicted} {'✓ right' if self.right else '✗ not so'}"

    def __repr__(self) -> str:
        return for_terminal(f"{self.question}\nmeasured: {self.measured}\n{self._verdict}")

    def _repr_html_(self) -> str:
        return f"<p>{escape(self.question)}<br>measured: <b>{escape(self.measured)}</b><br>{escape(self._verdict)}</p>"


class Prediction(ipywidgets.VBox):
    """A question with options, as radio buttons. Made by `predict`.

    Attributes:
        id: Begins with the lesson's two digits.
        options: What can be chosen.
    """

    def __init__(self, id: str, question: str, options: Sequence[str]) -> None:
        self.id, self.question, self.options = id, question, tuple(options)
        kept = progress_file.read()["predictions"].get(id, {}).get("answer")
        # Escaped: ipywidgets shows a description as text, and an HTML widget's value as HTML.
        title = ipywidgets.HTML(f"<b>Predict</b>: {escape(question)}")
        self._choice = ipywidgets.RadioButtons(
            options=[(for_terminal(option), option) for option in self.options],
            value=kept if kept in self.options else None,
            layout=ipywidgets.Layout(width="auto"),
        )
        self._said = ipywidgets.HTML()
        super().__init__([title, self._choice, self._said])
        self._choice.observe(self._chosen, "value")
        self._say()

    @property
    def chosen(self) -> str | None:
        """The option that was chosen, now or in an earlier session."""
        value: str | None = self._choice.value
        return value

    def answer(self, option: str | int) -> None:
        """Choose, as a click does.

        Args:
            option: One of the options, or its number from 1.

        Raises:
            LabError: There is no such option.
        """
        if isinstance(option, int) and not isinstance(option, bool) and 1 <= option <= len(self.options):
            option = self.options[option - 1]
        if option not in self.options:
            raise LabError(f"The options are: {'; '.join(self.options)}. {option!r} is none of them.")
        self._choice.value = option

    def reveal(self, measured: str) -> Revealed:
        """What was measured, beside the prediction.

        Args:
            measured: The option that came true; or other words, if none did.
        """
        progress_file.note("predictions", self.id, measured=measured)
        return Revealed(self.question, self.chosen, measured)

    def _chosen(self, change: Any) -> None:
        progress_file.note("predictions", self.id, answer=change["new"])
        self._say()

    def _say(self) -> None:
        self._said.value = f"<span role='status'>You predict: {escape(self.chosen)}</span>" if self.chosen else ""

    def _repr_mimebundle_(self, **kwargs: Any) -> dict[str, Any]:
        """Give the widget, and as text all of the question: ipywidgets cuts a text after 110 characters."""
        shown: dict[str, Any] = super()._repr_mimebundle_(**kwargs)
        return {**shown, "text/plain": repr(self)}

    def __repr__(self) -> str:
        options = "\n".join(f"  {number}. {option}" for number, option in enumerate(self.options, 1))
        return for_terminal(f"Predict: {self.question}\n{options}")


def predict(id: str, question: str, options: Sequence[str]) -> Prediction:
    """Ask for a prediction; the answer is kept with the learner's progress, and no cell waits for it.

    Args:
        id: Begins with the lesson's two digits, such as "03-burst".
        question: What will happen?
        options: Two or more answers.

    Raises:
        LabError: Fewer than two options, or one twice.
    """
    told = [str(option) for option in options]
    if isinstance(options, str) or len(told) < 2 or len(set(told)) < len(told):
        raise LabError("A prediction has two or more options, each once.")
    return Prediction(id, question, told)
