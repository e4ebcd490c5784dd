"""The panel: a workflow's stage, its buttons, its workers."""
