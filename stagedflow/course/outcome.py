"""What a check says: one of four outcomes, with the observation that shows why."""

from dataclasses import dataclass

from stagedflow.widgets.escaping import escape, for_terminal

NOT_ATTEMPTED = "not attempted"
INCORRECT = "incorrect"
CORRECT = "correct"
CANNOT_CHECK = "cannot check"

SIGNS = {NOT_ATTEMPTED: "○", INCORRECT: "✗", CORRECT: "✓", CANNOT_CHECK: "?"}
_COLOURS = {
    NOT_ATTEMPTED: "var(--jp-border-color1, #888)",
    INCORRECT: "var(--jp-error-color1, #c62828)",
    CORRECT: "var(--jp-success-color1, #137a3b)",
    CANNOT_CHECK: "var(--jp-warn-color1, #b25e00)",
}


@dataclass(frozen=True, repr=False)
class Outcome:
    """The answer of a check.

    Attributes:
        exercise: The exercise's name.
        status: "not attempted", "incorrect", "correct" or "cannot check".
        message: Plain text: what was seen, and what it means.
    """

    exercise: str
    status: str
    message: str

    def __repr__(self) -> str:
        return for_terminal(f"{SIGNS[self.status]} {self.exercise}: {self.status}\n{self.message}")

    def _repr_html_(self) -> str:
        lines = "".join(f"<p style='margin:2px 0'>{escape(line)}</p>" for line in self.message.splitlines() if line)
        return (
            f"<div role='status' style='border-left:4px solid {_COLOURS[self.status]};padding:2px 12px'>"
            f"<p style='margin:2px 0'><b>{SIGNS[self.status]} {self.status}</b>: {escape(self.exercise)}</p>"
            f"{lines}</div>"
        )
