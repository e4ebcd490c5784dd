"""The course's exercises, a folder each. README.md says how to add one."""
