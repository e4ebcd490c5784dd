import sys

# jsonschema imports it, which takes a second: it makes the grammar of IRIs. No schema of a notebook has one.
sys.modules.setdefault("rfc3987_syntax", None)  # type: ignore[arg-type]
