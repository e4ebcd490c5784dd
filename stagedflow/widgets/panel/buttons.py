"""The panel's buttons, as widgets; what they say and whether they can be pressed is in `actions`."""

import ipywidgets

from stagedflow.history.runs import GATES


def new_buttons() -> dict[str, ipywidgets.Button]:
    """Every button of a panel by its name."""
    names = [*(f"advance {n}" for n in range(1, GATES + 1)), "crash", "stop", "start", "skip sticky", "shorten"]
    return {name: _button(name) for name in names}


def _button(name: str) -> ipywidgets.Button:
    style = {"crash": "danger", "start": "success", "advance": "primary"}.get(name.split()[0], "")
    layout = ipywidgets.Layout(width="auto")
    button = ipywidgets.Button(description=name, button_style=style, layout=layout, disabled=True)
    button.add_class(f"sf-button-{name.replace(' ', '-')}")
    return button


def row(label: str, buttons: list[ipywidgets.DOMWidget]) -> ipywidgets.HBox:
    """Buttons in a row, behind what they have in common."""
    title = ipywidgets.HTML(f"<span class='sf-label'>{label}</span>")
    row = ipywidgets.HBox([title, *buttons])
    row.add_class("sf-buttons")
    return row
